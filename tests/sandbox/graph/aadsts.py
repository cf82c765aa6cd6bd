"""How Entra refuses a sign-in: numbered errors, each with its OAuth name, status and wording.

Sources: facts §6.1; the wordings and the JSON members are those of captured answers in public issue threads
(e.g. Azure-Samples/ms-identity-python-webapp#67, dotnet/sign#849, keycloak/keycloak#19425).
"""

from __future__ import annotations

import json
import random as randomness
import uuid
from datetime import datetime

from tests.sandbox.wire import Response


class SignInError(Exception):
    """A refused request at the authority."""

    def __init__(self, number: int, error: str, text: str, status: int = 400) -> None:
        super().__init__(f"AADSTS{number}: {text}")
        self.number = number
        self.error = error
        self.text = text
        self.status = status


def describe(refusal: SignInError, *, trace: str, correlation: str, now: datetime) -> str:
    """The error_description: number, text, and the ids for the support."""
    stamp = f"{now:%Y-%m-%d %H:%M:%SZ}"
    return (
        f"AADSTS{refusal.number}: {refusal.text} Trace ID: {trace} "
        f"Correlation ID: {correlation} Timestamp: {stamp}"
    )


def refusal_response(
    refusal: SignInError,
    *,
    now: datetime,
    random: randomness.Random,
    correlation: str | None,
    authority: str,
) -> Response:
    """The JSON body that Entra answers with."""
    trace = str(uuid.UUID(int=random.getrandbits(128), version=4))
    correlation = correlation or str(uuid.UUID(int=random.getrandbits(128), version=4))
    content = {
        "error": refusal.error,
        "error_description": describe(refusal, trace=trace, correlation=correlation, now=now),
        "error_codes": [refusal.number],
        "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"{authority}/error?code={refusal.number}",
    }
    return Response(
        status=refusal.status,
        headers={
            "content-type": "application/json; charset=utf-8",
            "cache-control": "no-store, no-cache",
            "x-ms-request-id": trace,
        },
        body=json.dumps(content).encode(),
    )


def unknown_tenant(tenant: str) -> SignInError:
    """A well-formed tenant id that nobody has."""
    return SignInError(
        90002,
        "invalid_request",
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing "
        "into the correct cloud. Check with your subscription administrator, this may happen if there are "
        "no active subscriptions for the tenant.",
    )


def malformed_tenant(tenant: str) -> SignInError:
    """Neither an id nor a domain name."""
    return SignInError(
        900023,
        "invalid_request",
        f"Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.",
    )


def unknown_application(client_id: str, directory: str) -> SignInError:
    """No application of this id in the tenant."""
    return SignInError(
        700016,
        "unauthorized_client",
        f"Application with identifier '{client_id}' was not found in the directory '{directory}'. This can "
        "happen if the application has not been installed by the administrator of the tenant or consented "
        "to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
    )


def disabled_application(client_id: str, name: str) -> SignInError:
    """An administrator switched the application off."""
    return SignInError(
        7000112, "unauthorized_client", f"Application '{client_id}'({name}) is disabled.", status=401
    )


def wrong_secret(client_id: str) -> SignInError:
    """Not the secret, or one that was removed."""
    return SignInError(
        7000215,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
        f"value, not the client secret ID, for a secret added to app '{client_id}'.",
        status=401,
    )


def expired_secret(client_id: str) -> SignInError:
    """The right secret, too late."""
    return SignInError(
        7000222,
        "invalid_client",
        f"The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to "
        "create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate "
        "credentials for added security: https://aka.ms/certCreds.",
        status=401,
    )


def missing_credential() -> SignInError:
    """A confidential client that proves nothing."""
    return SignInError(
        7000218,
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        status=401,
    )


def missing_parameter(name: str) -> SignInError:
    """A form without a field that the endpoint needs."""
    return SignInError(
        900144, "invalid_request", f"The request body must contain the following parameter: '{name}'."
    )


def missing_scope() -> SignInError:
    """A token request that does not say for what."""
    return SignInError(
        90014,
        "invalid_request",
        "The required field 'scope' is missing from the credential. Ensure that you have all the necessary "
        "parameters for the login request.",
    )


def unsupported_grant(grant: str) -> SignInError:
    """A grant type that this endpoint does not know."""
    return SignInError(
        70003, "unsupported_grant_type", f"The app requested an unsupported grant type '{grant}'."
    )


def scope_without_default(scope: str) -> SignInError:
    """Client credentials need `<resource>/.default`."""
    return SignInError(
        1002012,
        "invalid_scope",
        f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value "
        "with /.default suffixed to the resource identifier (application ID URI).",
    )


def unknown_resource(resource: str, directory: str) -> SignInError:
    """A scope of something that is not Microsoft Graph."""
    return SignInError(
        500011,
        "invalid_resource",
        f"The resource principal named {resource} was not found in the tenant named {directory}. This can "
        "happen if the application has not been installed by the administrator of the tenant or consented "
        "to by any user in the tenant. You might have sent your authentication request to the wrong tenant.",
    )


def malformed_assertion(reason: str) -> SignInError:
    """The client assertion is not a token that can be read."""
    return SignInError(50027, "invalid_request", f"JWT token is invalid or malformed. {reason}")


def unknown_certificate(client_id: str, thumbprint: str | None) -> SignInError:
    """The assertion was signed with a certificate that the application does not have."""
    used = f", Thumbprint of key used by client: '{thumbprint}'" if thumbprint else ""
    return SignInError(
        700027,
        "invalid_client",
        "The certificate with identifier used to sign the client assertion is not registered on "
        f"application. [Reason - The key was not found.{used}, Please visit the Azure Portal, Graph Explorer "
        f"or directly use MS Graph to see configured keys for app Id '{client_id}'.]",
        status=401,
    )


def bad_assertion_signature(client_id: str, thumbprint: str) -> SignInError:
    """The certificate is known, the signature is not by its key."""
    return SignInError(
        700027,
        "invalid_client",
        "Client assertion failed signature validation. [Reason - The key was found, but use of the key to "
        f"verify the signature failed., Thumbprint of key used by client: '{thumbprint}', Configured keys "
        f"for app Id '{client_id}'.]",
        status=401,
    )


def assertion_out_of_time(now: datetime) -> SignInError:
    """The assertion is expired or not yet valid."""
    return SignInError(
        700024,
        "invalid_client",
        "Client assertion is not within its valid time range. "
        f"Current time: {now:%Y-%m-%dT%H:%M:%S.0000000Z}.",
        status=401,
    )


def assertion_audience(audience: str) -> SignInError:
    """The assertion was written for another endpoint."""
    return SignInError(
        700023,
        "invalid_client",
        f"Client assertion audience claim does not match Realm issuer. The audience was '{audience}'.",
        status=401,
    )


def assertion_subject() -> SignInError:
    """Issuer and subject must both be the application."""
    return SignInError(
        700021,
        "invalid_client",
        "Client assertion application identifier doesn't match 'client_id' parameter.",
        status=401,
    )


def wrong_redirect(uri: str, client_id: str) -> SignInError:
    """A reply address that the application did not register."""
    return SignInError(
        50011,
        "invalid_request",
        f"The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for "
        f"the application '{client_id}'. Make sure the redirect URI sent in the request matches one added to "
        "your application in the Azure portal.",
    )


def wrong_password() -> SignInError:
    """Unknown person, or not the password."""
    return SignInError(
        50126, "invalid_grant", "Error validating credentials due to invalid username or password."
    )


def interaction_required() -> SignInError:
    """prompt=none, and nobody is signed in."""
    return SignInError(
        50058,
        "login_required",
        "A silent sign-in request was sent but no user is signed in.",
    )


def used_code() -> SignInError:
    """An authorization code is good for one exchange within ten minutes."""
    return SignInError(
        54005,
        "invalid_grant",
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an "
        "existing refresh token.",
    )


def unknown_code() -> SignInError:
    """Not a code of this authority, or for another client or reply address, or too old."""
    return SignInError(
        70008,
        "invalid_grant",
        "The provided authorization code or refresh token has expired due to inactivity. Send a new "
        "interactive authorization request for this user and resource.",
    )


def wrong_verifier() -> SignInError:
    """PKCE: the verifier is not the one whose challenge began the flow."""
    return SignInError(
        501481,
        "invalid_grant",
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    )
