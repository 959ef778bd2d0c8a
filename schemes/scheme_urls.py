from django.urls import path

from schemes.views import editing, imports, items, versions

ONE = "<str:code>/<int:version>/"

urlpatterns = [
    path("", versions.schemes, name="schemes"),
    path("import/", imports.scheme_import, name="scheme_import"),
    path("template/", versions.scheme_template, name="scheme_template"),
    path("examples/<uuid:pk>/remove/", items.example_remove, name="example_remove"),
    path("examples/<uuid:pk>/<str:size>/", items.example_photo, name="example_photo"),
    path(ONE, versions.scheme, name="scheme"),
    path(f"{ONE}edit/", editing.scheme_edit, name="scheme_edit"),
    path(f"{ONE}compare/", versions.scheme_compare, name="scheme_compare"),
    path(f"{ONE}export/<str:form>/", versions.scheme_export, name="scheme_export"),
    path(f"{ONE}aspects/new/", editing.scheme_aspect, name="scheme_aspect_new"),
    path(f"{ONE}aspects/<str:aspect>/edit/", editing.scheme_aspect, name="scheme_aspect"),
    path(f"{ONE}aspects/<str:aspect>/<str:step>/", editing.scheme_aspect_step, name="scheme_aspect_step"),
    path(f"{ONE}items/new/", items.scheme_item_edit, name="scheme_item_new"),
    path(f"{ONE}items/<str:item>/", items.scheme_item, name="scheme_item"),
    path(f"{ONE}items/<str:item>/edit/", items.scheme_item_edit, name="scheme_item_edit"),
    path(f"{ONE}items/<str:item>/examples/", items.example_add, name="example_add"),
    path(f"{ONE}items/<str:item>/<str:step>/", editing.scheme_item_step, name="scheme_item_step"),
    path(f"{ONE}<str:step>/", versions.scheme_step, name="scheme_step"),
]
