from django.urls import path

from accounts.views import signin, users

urlpatterns = [
    path("login/", signin.SignInView.as_view(), name="account_login"),
    path("logout/", signin.sign_out, name="account_logout"),
    path("language/", signin.set_language, name="set_language"),
    path("password/", signin.change_password, name="change_password"),
    path("profile/", signin.profile, name="profile"),
    path("profile/tokens/", signin.revoke_own_tokens, name="profile_tokens"),
    path("users/", users.users, name="users"),
    path("users/new/", users.user_new, name="user_new"),
    path("users/import/", users.users_import, name="users_import"),
    path("users/import/confirm/", users.users_import_confirm, name="users_import_confirm"),
    path("users/<uuid:pk>/", users.user, name="user"),
    path("users/<uuid:pk>/password/", users.user_reset, name="user_reset"),
    path("users/<uuid:pk>/active/", users.user_active, name="user_active"),
    path("users/<uuid:pk>/tokens/", users.user_tokens, name="user_tokens"),
    path("users/<uuid:pk>/posts/", users.post_new, name="post_new"),
    path("users/<uuid:pk>/posts/<uuid:post>/end/", users.post_end, name="post_end"),
]
