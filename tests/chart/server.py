"""What is asked of an API server of Kubernetes, by somebody who may do everything."""

import base64
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.chart.resources import Resource

TOKEN = "of-these-tests"  # noqa: S105 - of a server that only this machine reaches
_STRICT = "fieldManager=yardlight-check&fieldValidation=Strict"


class Refused(Exception):  # noqa: N818 - it is what the server did
    """The server's own sentence, with its status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is, and the certificate of whoever vouches for it."""

    url: str
    authority: Path

    def apply(self, resource: Resource, namespace: str) -> Resource:
        """Apply it server-side; fields that the kind does not have are refused.

        Raises:
            Refused: the server does not take it.
        """
        where = f"{self._path(resource, namespace)}/{resource['metadata']['name']}?{_STRICT}"
        return self._ask("PATCH", where, yaml.safe_dump(resource), "application/apply-patch+yaml")

    def create(self, resource: Resource, namespace: str) -> Resource:
        """Raises Refused where the server does not take it."""
        where = f"{self._path(resource, namespace)}?{_STRICT}"
        return self._ask("POST", where, json.dumps(resource), "application/json")

    def read(self, resource: Resource, namespace: str) -> Resource:
        """What the server keeps under the same kind and name.

        Raises:
            Refused: nothing (404).
        """
        return self._ask("GET", f"{self._path(resource, namespace)}/{resource['metadata']['name']}")

    def delete(self, resource: Resource, namespace: str) -> None:
        self._ask("DELETE", f"{self._path(resource, namespace)}/{resource['metadata']['name']}")

    def scale(self, resource: Resource, namespace: str, pods: int) -> None:
        """Set the number of pods as an autoscaler does."""
        where = f"{self._path(resource, namespace)}/{resource['metadata']['name']}/scale"
        body = json.dumps({"spec": {"replicas": pods}})
        self._ask("PATCH", f"{where}?fieldManager=autoscaler", body, "application/merge-patch+json")

    def names(self, api_version: str, kind: str, namespace: str) -> list[str]:
        """Of all resources of a kind."""
        path = self._path({"apiVersion": api_version, "kind": kind}, namespace)
        return [item["metadata"]["name"] for item in self._ask("GET", path)["items"]]

    def knows(self, api_version: str, kind: str) -> bool:
        return kind in self._kinds(api_version)

    def kubeconfig(self, folder: Path) -> Path:
        """For programs such as Helm."""
        authority = base64.b64encode(self.authority.read_bytes()).decode()
        cluster = {"server": self.url, "certificate-authority-data": authority}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "check", "cluster": cluster}],
            "users": [{"name": "check", "user": {"token": TOKEN}}],
            "contexts": [{"name": "check", "context": {"cluster": "check", "user": "check"}}],
            "current-context": "check",
        }
        path = folder / "kubeconfig"
        path.touch(0o600)
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def healthy(self) -> bool:
        if not self.authority.exists():
            return False
        request = self._request("GET", "/readyz")
        try:
            with self._open(request, seconds=5):
                return True
        except OSError:
            return False

    def _path(self, resource: Resource, namespace: str) -> str:
        version, kind = resource["apiVersion"], resource["kind"]
        plural, namespaced = self._kinds(version)[kind]
        within = f"/namespaces/{namespace}" if namespaced else ""
        return f"{_root(version)}{within}/{plural}"

    def _kinds(self, version: str) -> dict[str, tuple[str, bool]]:
        try:
            listed = self._ask("GET", _root(version))["resources"]
        except Refused as refused:
            if refused.status != 404:
                raise
            return {}
        return {
            one["kind"]: (one["name"], one["namespaced"])
            for one in listed
            if "/" not in one["name"]
        }

    def _ask(self, method: str, where: str, body: str = "", content: str = "") -> Resource:
        request = self._request(method, where, body, content)
        try:
            with self._open(request, seconds=60) as answer:
                said: Resource = json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            sentence = json.loads(text)["message"] if text.startswith("{") else text
            raise Refused(error.code, sentence) from None
        return said

    def _request(
        self, method: str, where: str, body: str = "", content: str = ""
    ) -> urllib.request.Request:
        headers = {"Authorization": f"Bearer {TOKEN}"} | ({"Content-Type": content} if body else {})
        return urllib.request.Request(  # noqa: S310 - https, to this machine
            self.url + where, body.encode() or None, headers, method=method
        )

    def _open(self, request: urllib.request.Request, seconds: float) -> Any:
        context = ssl.create_default_context(cafile=str(self.authority))
        return urllib.request.urlopen(request, context=context, timeout=seconds)  # noqa: S310 - https


def _root(api_version: str) -> str:
    return f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
