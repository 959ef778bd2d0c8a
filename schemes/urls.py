from django.urls import path

from schemes import views

urlpatterns = [
    path("", views.guidance, name="guidance"),
    path("<str:code>/", views.guidance_item, name="guidance_item"),
]
