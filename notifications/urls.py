from django.urls import path

from notifications import views

urlpatterns = [
    path("", views.notices, name="notices"),
    path("read/", views.read_all, name="notices_read"),
    path("<uuid:pk>/", views.open_notice, name="notice_open"),
    path("<uuid:pk>/read/", views.read, name="notice_read"),
]
