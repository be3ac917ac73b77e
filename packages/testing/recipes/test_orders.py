# pytest test_orders.py
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest


@pytest.fixture(scope="session")
def sandbox():
    command = ["effect-oauth", "sandbox", "--json", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield json.loads(process.stdout.readline())
        process.terminate()


def control(sandbox, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(sandbox["SANDBOX_CONTROL_URL"] + path, data, method=method)
    with urllib.request.urlopen(request) as response:
        return json.load(response) if response.status == 200 else None


def orders(sandbox):
    """The program under test."""
    credentials = {"client_id": sandbox["OAUTH_CLIENT_ID"], "client_secret": sandbox["OAUTH_CLIENT_SECRET"]}
    form = urllib.parse.urlencode({"grant_type": "client_credentials", **credentials}).encode()
    with urllib.request.urlopen(sandbox["OAUTH_TOKEN_URL"], form) as response:
        token = json.load(response)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(urllib.request.Request(sandbox["API_BASE_URL"] + "/orders", None, headers)) as response:
        return response.status


@pytest.fixture(autouse=True)
def fresh(sandbox):
    control(sandbox, "POST", "/reset")


def test_a_call_costs_one_token(sandbox):
    assert orders(sandbox) == 200
    assert len(control(sandbox, "GET", "/issued")) == 1


def test_the_server_is_down(sandbox):
    control(sandbox, "POST", "/faults", {"server": [{"status": 503}]})
    with pytest.raises(urllib.error.HTTPError):
        orders(sandbox)
    assert orders(sandbox) == 200
