"""The words of the services that may be repeated in a log: those that are known to be codes, and ids.

A service, or a proxy before it, may put anything in the place of a code or of a request's id, also the one
word of which a subject consists. What is not on the list is left out: the status says enough (E).
"""

from __future__ import annotations

import re
from typing import Final

_GRAPH: Final = """
    accessDenied activityLimitReached ApplicationThrottled Authorization_RequestDenied BadGateway BadRequest
    Conflict Directory_ExpiredPageToken Directory_QuotaExceeded DirectoryServiceUnavailable
    ErrorAccessDenied ErrorCalendarDurationIsTooLong ErrorCalendarEndDateIsEarlierThanStartDate
    ErrorCalendarIsCancelledForAccept ErrorCalendarIsCancelledForDecline
    ErrorCalendarMeetingRequestIsOutOfDate ErrorCannotDeleteObject ErrorConnectionFailed ErrorCorruptData
    ErrorDeleteDistinguishedFolder ErrorDuplicateTransactionId ErrorExceededConnectionCount
    ErrorExceededFindCountLimit ErrorFolderExists ErrorFolderNotFound ErrorImpersonationFailed
    ErrorImpersonateUserDenied ErrorInsufficientResources ErrorInternalServerError
    ErrorInternalServerTransientError ErrorInvalidArgument ErrorInvalidChangeKey ErrorInvalidId
    ErrorInvalidIdMalformed ErrorInvalidLicense ErrorInvalidMailboxItemId ErrorInvalidOperation
    ErrorInvalidParameter ErrorInvalidProperty ErrorInvalidPropertyRequest ErrorInvalidPropertySet
    ErrorInvalidRecipients ErrorInvalidReferenceItem ErrorInvalidRequest ErrorInvalidSyncStateData
    ErrorInvalidTimeZone ErrorInvalidUrlQuery ErrorInvalidUrlQueryFilter ErrorInvalidUser
    ErrorIrresolvableConflict ErrorItemNotFound ErrorItemSave ErrorMailboxConfiguration
    ErrorMailboxMoveInProgress ErrorMailboxStoreUnavailable ErrorMessageSizeExceeded ErrorMethodNotAllowed
    ErrorNoFreeBusyAccess ErrorNonExistentMailbox ErrorNotAllowedExternalSharingByPolicy ErrorNotFound
    ErrorOccurrenceCrossingBoundary ErrorOccurrenceTimeSpanTooBig ErrorParentFolderNotFound
    ErrorPropertyUpdate ErrorPropertyValidationFailure ErrorQuotaExceeded
    ErrorRecurrenceEndDateTooBig ErrorRecurrenceHasNoOccurrence ErrorRequestAborted ErrorRequestStreamTooBig
    ErrorSendAsDenied ErrorServerBusy ErrorStaleObject ErrorTimeIntervalTooBig ErrorTimeoutExpired
    ErrorTooManyObjectsOpened ErrorUnsupportedRecurrence ExtensionError FailedDependency Forbidden
    GatewayTimeout generalException InefficientFilter InternalServerError InvalidAuthenticationToken
    invalidRange InvalidRequest InvalidVersion itemNotFound MailboxInfoStale MailboxNotEnabledForRESTAPI
    MailboxNotSupportedForRESTAPI malformedEntityTag NotAllowed NotFound NotImplemented notSupported
    OrganizationFromTenantGuidNotFound preconditionFailed quotaLimitReached Request_BadRequest
    Request_ResourceNotFound Request_UnsupportedQuery RequestBodyRead RequestBroker--ParseUri
    RequestEntityTooLarge ResourceNotFound resourceModified resyncRequired serviceNotAvailable
    ServiceUnavailable SyncStateInvalid SyncStateNotFound TimeZoneNotSupportedException TooManyRequests
    unauthenticated Unauthorized UnknownError UnsupportedEntityExpression ValidationError
"""
"""Codes of Graph (facts §7, and the response codes of Exchange behind it)."""

_SIGN_IN: Final = """
    access_denied consent_required interaction_required invalid_client invalid_grant invalid_request
    invalid_resource invalid_scope invalid_tenant login_required server_error temporarily_unavailable
    unauthorized_client unsupported_grant_type unsupported_response_type
"""
"""Error codes of OAuth 2.0 and of the Microsoft identity platform."""

_KNOWN: Final = {code.lower(): code for code in (*_GRAPH.split(), *_SIGN_IN.split())}
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-?)([0-9a-fA-F]{4}\1){3}[0-9a-fA-F]{12}")


def plain_code(text: object) -> str:
    """`text` if it is a known code in any letter case, as it is usually spelt; else nothing."""
    return _KNOWN.get(text.lower(), "") if isinstance(text, str) else ""


def plain_request_id(text: object) -> str:
    """`text` if it is a GUID, as the services give to requests; else nothing."""
    return text if isinstance(text, str) and _GUID.fullmatch(text) else ""
