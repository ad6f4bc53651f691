"""What an admin has to do in Salesforce with a new certificate, step by step."""

import textwrap
from typing import Final
from xml.sax.saxutils import escape

CALLBACK: Final = "http://localhost:1717/OauthRedirect"

# Salesforce Help: connected_app_create_api_integration, configure_external_client_app_oauth.
_NEW_APP: Final = """\
What an admin does next in Salesforce, in ONE of these two ways:

Connected App (orgs that still let you make one)
  1. Setup, App Manager, New Connected App (or Edit, for one that is there).
  2. Enable OAuth Settings. Callback URL: {callback}
  3. Use digital signatures: upload {certificate}.
     Look again before saving: the upload field clears itself when the form reloads.
  4. Scopes: 'Manage user data via APIs (api)', 'Access the identity URL service (id)' and
     'Perform requests at any time (refresh_token, offline_access)'.
  5. Save. Manage Consumer Details shows the consumer key.
  6. Manage, Edit Policies: Permitted Users 'Admin approved users are pre-authorized', and
     assign a profile or permission set of the integration user.
     Or leave 'All users may self-authorize', and let the user approve the app once with
     'kubectl salesforce authorize'.

External Client App
  1. Setup, External Client App Manager, New External Client App; enable OAuth.
     Callback URL: {callback}
  2. Scopes as above. Flow Enablement: Enable JWT Bearer Flow, and upload {certificate}.
  3. Save. Settings, OAuth Settings, Consumer Key and Secret shows the consumer key.
  4. Policies, Edit, OAuth Policies: Permitted Users 'Admin approved users are
     pre-authorized'; App Policies: assign a profile or permission set of the integration user.
  5. Log in at the My Domain: spec.org.loginURL: https://<My Domain>.my.salesforce.com
  Or deploy it: the metadata file for an app named {app},
  extlClntAppGlobalOauthSets/{app}_glbloauth.ecaGlblOauth-meta.xml
"""
_REPLACE: Final = """\
What an admin does next in Salesforce:

Connected App
  Setup, App Manager, the app, Edit: Use digital signatures, upload {certificate} in place of
  the old one, and save. Look again before saving: the field clears itself when the form reloads.

External Client App
  Setup, External Client App Manager, the app, Settings, OAuth Settings, Flow Enablement:
  upload {certificate} in place of the old one, and save. Or deploy the metadata file
  extlClntAppGlobalOauthSets/<app>_glbloauth.ecaGlblOauth-meta.xml, with the name of the app in
  place of {app}:
"""
_METADATA: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<ExtlClntAppGlobalOauthSettings xmlns="http://soap.sforce.com/2006/04/metadata">
    <callbackUrl>{callback}</callbackUrl>
    <certificate>{certificate}</certificate>
    <externalClientApplication>{app}</externalClientApplication>
    <label>{app}</label>
</ExtlClntAppGlobalOauthSettings>
"""
_CONNECTION: Final = """\
apiVersion: salesforce-token.dev/v1alpha1
kind: SalesforceConnection
metadata:
  name: crm
spec:
  org:
    loginURL: https://<My Domain>.my.salesforce.com
  auth:
    consumerKey: <consumer key of the app>
    jwtBearer:
      username: <username of the integration user>
      keys:
        - secretName: {secret}
  targets:
    - secretName: crm-token
"""


def for_a_new_app(secret: str, certificate: str, *, shown_as: str) -> str:
    """Return all steps from the certificate (PEM) to a Ready connection."""
    app = app_name(secret)
    steps = _NEW_APP.format(callback=CALLBACK, certificate=shown_as, app=app)
    return (
        f"{steps}\n{metadata_file(app, certificate)}\n"
        "Then apply the smallest connection, with the values in <> filled in:\n\n"
        f"{_indented(_CONNECTION.format(secret=secret))}\n"
        "and look at it with 'kubectl salesforce check crm' and 'kubectl salesforce status crm'."
    )


def for_a_next_key(secret: str, certificate: str, *, shown_as: str) -> str:
    """Return the steps that put a certificate (PEM) in place of the old one."""
    app = app_name(secret)
    steps = _REPLACE.format(certificate=shown_as, app=app)
    return f"{steps}\n{metadata_file(app, certificate)}"


def metadata_file(app: str, certificate: str) -> str:
    """Return the settings of an external client app with the certificate in it.

    (Metadata API: ExtlClntAppGlobalOauthSettings; `certificate` enables the JWT bearer flow.)
    """
    pem = escape(certificate.strip())
    return _METADATA.format(callback=CALLBACK, certificate=pem, app=escape(app))


def app_name(secret: str) -> str:
    """Return a name for an app (letters, digits, single underscores) after that of a Secret."""
    words = [word for word in secret.replace(".", "-").split("-") if word]
    name = "_".join(words)
    return name if name[:1].isalpha() else f"app_{name}"


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ")
