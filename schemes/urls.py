from django.urls import path

from schemes.views import guidance as views

urlpatterns = [
    path("", views.guidance, name="guidance"),
    path("<str:code>/", views.guidance_item, name="guidance_item"),
]
