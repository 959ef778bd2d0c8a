"""One's own notices for programs."""

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from accounts.models import User
from notifications.models import Notice


class NoticeSerializer(serializers.ModelSerializer):
    at = serializers.DateTimeField(source="send_after", read_only=True)

    class Meta:
        model = Notice
        fields = ["id", "text", "url", "step", "urgent", "at", "read_at"]
        read_only_fields = fields


class NoticeList(generics.ListAPIView):
    """One's notices, unread first."""

    serializer_class = NoticeSerializer
    queryset = Notice.objects.none()

    def get_queryset(self) -> QuerySet[Notice]:
        """Return the visible ones of whoever asks."""
        if not isinstance(self.request.user, User):
            return Notice.objects.none()
        return self.request.user.notices.visible(timezone.now()).for_list()


class NoticeRead(APIView):
    """Mark one notice as read."""

    @extend_schema(request=None, responses=NoticeSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Mark it; twice changes nothing."""
        now = timezone.now()
        notice = get_object_or_404(user_of(request._request).notices.visible(now), pk=pk)
        Notice.objects.filter(pk=notice.pk).mark_read(now)
        notice.refresh_from_db()
        return Response(NoticeSerializer(notice).data)


urlpatterns = [
    path("notices/", NoticeList.as_view(), name="api_notices"),
    path("notices/<uuid:pk>/read/", NoticeRead.as_view(), name="api_notice_read"),
]
