"""A platform in memory that also calls us."""

from bridge.connector import MAX_CALL, Request, Response
from bridge.errors import StoreFull
from bridge.events import Posted, User
from bridge.ids import EventId, MessageId, UserId
from bridge.testing.memory import MemoryConnector
from bridge.testing.memory_rooms import room_id
from bridge.text.nodes import said


class HookedConnector(MemoryConnector):
    """Posts what it is called with, repeats it in its answer, or goes wrong as the path asks."""

    last: Request | None = None

    def largest_call(self, head: Request) -> int:
        return 3 * MAX_CALL if "x-sign" in head.headers else super().largest_call(head)

    async def receive(self, request: Request) -> Response:
        self.last = request
        match request.path:
            case "full":
                raise StoreFull("no space", retry_after=7.2)
            case "bug":
                raise ValueError(f"the token is {self.config.token.get_secret_value()}")
            case "post":
                await self.host.publish(self._posted(request.body.decode()))
        return Response(body=request.body, content_type="text/plain", headers={"X-Own": "1"})

    def _posted(self, words: str) -> Posted:
        return Posted(
            id=EventId(f"hook {words}"),
            room=room_id("town"),
            at=self.host.clock.now(),
            message=(MessageId(f"hook {words}"),),
            author=User(id=UserId("u"), name="Ada"),
            text=said(words),
        )
