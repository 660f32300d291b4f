"""The errors of the emulated Graph API, as it words them; facts/platform-apis.md 2.9."""

from collections.abc import Mapping
from typing import Final

import msgspec

from connectors.whatsapp.emulator_world import ACCOUNT_ID, Json

TITLES: Final[Mapping[int, tuple[int, str]]] = {
    2: (503, "Service temporarily unavailable"),
    4: (429, "Application request limit reached"),
    10: (403, "Application does not have permission for this action"),
    33: (400, "Unsupported request. Object does not exist"),
    100: (400, "Invalid parameter"),
    190: (401, "Invalid OAuth access token - Cannot parse access token"),
    2200: (400, "Callback verification failed"),
    130429: (429, "Rate limit hit"),
    131000: (500, "Something went wrong"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131020: (400, "Group has a single member"),
    131026: (400, "Message undeliverable"),
    131041: (400, "Group unknown"),
    131047: (400, "Re-engagement message"),
    131051: (400, "Unsupported message type"),
    131053: (400, "Media upload error"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    131062: (400, "Business-scoped user ID is not supported for this message"),
    131207: (400, "Group suspended"),
    131213: (400, "No such join request"),
    131214: (400, "Join requests are disabled"),
    132000: (400, "Number of parameters does not match the expected number of params"),
    132001: (404, "Template name does not exist in the translation"),
}
_THROTTLED: Final = frozenset({4, 130429})


class GraphRefusal(Exception):
    """An error as the Graph API answers it."""

    def __init__(self, code: int, details: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.details = details
        self.retry_after = retry_after

    def status(self, throttled_with: int) -> int:
        return throttled_with if self.code in _THROTTLED else TITLES[self.code][0]

    def headers(self, throttled_with: int) -> dict[str, str]:
        """How long to wait, where the API says so at all."""
        if self.code not in _THROTTLED or throttled_with != 429:
            return {}
        if self.retry_after is not None:
            return {"Retry-After": str(self.retry_after)}
        use = {"type": "whatsapp", "call_count": 100, "total_cputime": 100, "total_time": 100,
               "estimated_time_to_regain_access": 1}  # fmt: skip
        usage = msgspec.json.encode({ACCOUNT_ID: [use]}).decode()
        return {"Retry-After": "60", "X-Business-Use-Case-Usage": usage}

    def body(self) -> Json:
        title = TITLES[self.code][1]
        data = {"error_data": {"messaging_product": "whatsapp", "details": self.details}} if self.details else {}
        error = {"message": f"(#{self.code}) {title}", "type": "OAuthException", "code": self.code, **data}
        return {"error": {**error, "error_subcode": 2494010, "fbtrace_id": "AXsgnV2Cm3ZMGF3dF_cfYIn"}}

    def event(self) -> Json:
        """The same in a failed status."""
        title = TITLES[self.code][1]
        told = {"code": self.code, "title": title, "message": title}
        return {**told, "error_data": {"details": self.details or title}}
