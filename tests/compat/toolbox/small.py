"""Tools of a few words."""

from toolbox.answer import Answer, Call

_SAYS = {
    "nslookup": "Server:\t\t192.0.2.53\nAddress:\t192.0.2.53#53\n\nName:\texample.com\nAddress: 192.0.2.10\n",
    "dig": "192.0.2.10\n",
    "host": "example.com has address 192.0.2.10\n",
    "getent": "192.0.2.10      STREAM example.com\n",
    "ping": "3 packets transmitted, 3 received, 0% packet loss, time 2003ms\n",
    "openssl": "notAfter=Dec 31 23:59:59 2099 GMT\n",
    "helm": "[]\n",
    "redis-cli": "PONG\n",
    "bq": "[]\n",
    "psql": "",
    "docker": "",
    "skopeo": "{}\n",
    "gsutil": "",
    "flux": "",
    "git": "",
    "istioctl": "No validation issues found.\n",
    "hostname": "runner\n",
}


def answer(call: Call) -> Answer:
    """The usual words, rc 0."""
    return Answer(_SAYS.get(call.tool, ""))
