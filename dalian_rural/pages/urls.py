from django.urls import path

from dalian_rural.pages import about, home, scope, search, status

urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("search/suggest/", search.suggest, name="search_suggest"),
    path("scope/", scope.choose, name="scope"),
    path("about/", about.about, name="about"),
    path("about/feedback/", about.feedback, name="feedback"),
    path("about/feedback/<uuid:pk>/done/", about.feedback_done, name="feedback_done"),
    path("healthz/", status.healthz, name="healthz"),
    path("status/", status.status, name="status"),
]
