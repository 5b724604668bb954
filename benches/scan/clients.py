"""TLS clients with one fault each, against nicetap and, as a yardstick, against openssl's own server.

A fault is a change to one message, or something sent at the wrong time. What comes of it is one word: `served` (the
request was answered), `closed`, `reset`, `silence`, or the alert. A server may choose between the words of its case.
An end without an alert is among them only where rustls sends none (`MUTE`), and where the bytes are so far from TLS
that nicetap passes them on unread.
"""
import copy
import re
import select
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

from tlslite.api import HandshakeSettings, TLSConnection
from tlslite.constants import AlertDescription, ExtensionType
from tlslite.errors import TLSAbruptCloseError, TLSLocalAlert, TLSRemoteAlert
from tlslite.extensions import KeyShareEntry, TLSExtension
from tlslite.messages import Message

ABOVE = "nicenic.net"
PATIENCE = 3
SERVED = {"served"}
CCS, ALERT, HANDSHAKE, DATA, HEARTBEAT = 20, 21, 22, 23, 24


class Wrong(TLSConnection):
    """A client that passes each message through `change`, and sends what comes out."""

    def __init__(self, sock, change):
        super().__init__(sock)
        self.change = change

    def _sendMsg(self, msg, *rest, **named):
        for piece in self.change(msg):
            yield from super()._sendMsg(piece, *rest, **named)


class Case:
    def __init__(self, name, expected, change=None, after=None, raw=None, alpn=None, record=None, **settings):
        self.name, self.expected = name, expected
        self.change, self.after, self.raw = change, after, raw
        self.alpn, self.record, self.settings = alpn, record, settings
        # Whom a client distrusts, nicetap remembers by host.
        self.host = f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')[:60].strip('-')}.{ABOVE}"

    def play(self, dial):
        sock = dial(self.host)
        sock.settimeout(PATIENCE)
        try:
            return self.talk(sock)
        except TLSRemoteAlert as error:
            return AlertDescription.toRepr(error.description)
        except TLSAbruptCloseError:
            return "closed"
        except TLSLocalAlert as error:
            return f"the client refuses {'the downgrade' if 'owngrade' in str(error) else error}"
        except TimeoutError:
            return "silence"
        except (ConnectionResetError, BrokenPipeError):
            return "reset"
        finally:
            sock.close()

    def talk(self, sock):
        if self.raw:
            sock.sendall(self.raw)
            return answer_in_clear(sock)
        client = Wrong(sock, self.change or unchanged)
        if self.record:
            client.recordSize = self.record
        client.handshakeClientCert(settings=settings(self.settings), serverName=self.host, alpn=self.alpn)
        if self.after:
            self.after(client)
        # Whoever writes on after a break-off loses the alert to the kernel's reset.
        if self.expected == SERVED or not select.select([sock], [], [], 0.5)[0]:
            client.write(f"GET / HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        reply = client.read(min=7)
        if not reply:
            return "closed"
        return "served" if reply[:7] == b"HTTP/1." else f"said {bytes(reply[:20])}"


def unchanged(message):
    return [message]


def settings(changes):
    made = HandshakeSettings()
    made.minVersion, made.maxVersion, made.versions = (3, 4), (3, 4), [(3, 4)]
    made.keyShares = ["secp256r1"]
    made.cipherNames = ["aes256gcm"]
    made.eccCurves = ["secp256r1", "x25519", "secp384r1"]
    if changes.get("tls12"):
        made.minVersion, made.maxVersion, made.versions = (3, 3), (3, 3), [(3, 3)]
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def answer_in_clear(sock):
    """What follows on bytes that are no hello: an alert, the end, or a server's hello."""
    head = sock.recv(5, socket.MSG_WAITALL)
    if not head:
        return "closed"
    if head[0] == ALERT:
        return AlertDescription.toRepr(sock.recv(2, socket.MSG_WAITALL)[1])
    return "went on" if head[0] == HANDSHAKE else f"said {head}"


# --- what can be changed

def at(kind, make):
    """Changes messages of this kind."""
    return lambda message: make(message) if type(message).__name__ == kind else [message]


def bytes_of(kind, make):
    """The same, with the message's bytes."""
    return at(kind, lambda message: [Message(message.contentType, make(message.write()))])


def finished(make):
    """The Finished with another content, under a right length."""
    def changed(data):
        body = make(data[4:])
        return bytearray([20]) + struct.pack(">I", len(body))[1:] + body
    return bytes_of("Finished", changed)


def hello(make):
    """Another hello than the client believes to have sent."""
    def changed(message):
        message = copy.deepcopy(message)
        make(message)
        return [message]
    return at("ClientHello", changed)


def extension(kind, data):
    """The hello with this extension instead of its own, or with none."""
    def changed(message):
        message.extensions = [old for old in message.extensions if old.extType != kind]
        if data is not None:
            message.extensions.insert(0, TLSExtension(extType=kind).create(bytearray(data)))
    return hello(changed)


def before(kind, record, *content):
    """Something in front of a message of this kind, in records of its own and out of the handshake's hash."""
    class Loose(Message):
        pass
    return at(kind, lambda message: [*[Loose(record, bytearray(data)) for data in content], message])


def sends(record, data):
    def after(client):
        for _ in client._recordLayer.sendRecord(Message(record, bytearray(data))):
            pass
        client.sock.flush()
    return after


def in_clear(data):
    def after(client):
        client._recordLayer._recordSocket.sock.socket.sendall(data)
    return after


def key_updates(count, kind):
    def after(client):
        for _ in range(count):
            for _ in client.send_keyupdate_request(kind):
                pass
        client.sock.flush()
    return after


def padded(length):
    def after(client):
        client._recordLayer.padding_cb = lambda *_: length
    return after


def flipped(at):
    def make(body):
        body = bytearray(body)
        body[at] ^= 1
        return body
    return make


def server_name(*names):
    entries = b"".join(b"\0" + struct.pack(">H", len(name)) + name for name in names)
    return struct.pack(">H", len(entries)) + entries


def protocols(*names):
    entries = b"".join(bytes([len(name)]) + name for name in names)
    return struct.pack(">H", len(entries)) + entries


def plain_hello(version, rest=b""):
    """An old hello with no extensions."""
    body = bytes(version) + bytes(32) + b"\0" + b"\0\x04\xc0\x2b\xc0\x2c" + b"\x01\0" + rest
    message = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return bytes([HANDSHAKE, 3, 1]) + struct.pack(">H", len(message)) + message


# --- the cases

SYNTAX = {"decode_error", "illegal_parameter"}
NO_FIT = {"handshake_failure"}
OUT_OF_TURN = {"unexpected_message"}
OLD = {"protocol_version"}
# rustls ends the connection and sends no alert.
MUTE = {"closed"}
# What does not begin like TLS goes to the origin as it is; the mock, which stands for it here, closes.
NOT_TLS = {"closed"}


def cases():
    return [*sound(), *finished_wrongly(), *hellos(), *versions(), *records(), *after_the_handshake(), *tls12(), *raw()]


def sound():
    yield Case("TLS 1.3", SERVED)
    for cipher in ["aes128gcm", "aes256gcm", "chacha20-poly1305"]:
        yield Case(f"TLS 1.3 with {cipher}", SERVED, cipherNames=[cipher])
        yield Case(f"TLS 1.2 with {cipher}", SERVED, cipherNames=[cipher], tls12=True)
    for group in ["x25519", "secp256r1", "secp384r1"]:
        yield Case(f"a key share on {group}", SERVED, keyShares=[group], eccCurves=[group])
    yield Case("no key share yet (a second hello)", SERVED, keyShares=[])
    yield Case("a key share on a group that nobody knows", SERVED, hello(unknown_share))
    yield Case("a session that nobody knows", SERVED, pskConfigs=[(b"unknown", bytes(32), "sha256")])
    yield Case("messages in records of 100 bytes", SERVED, record=100)
    yield Case("messages in records of one byte", SERVED, record=1)
    yield Case("a hello of 15 KiB", SERVED, extension(21, bytes(15000)))
    yield Case("a hello of 40 KiB", {"served", "decode_error", "illegal_parameter", "record_overflow"},
               extension(21, bytes(40000)))


def unknown_share(message):
    shares = next(one for one in message.extensions if one.extType == ExtensionType.key_share)
    shares.client_shares.insert(0, KeyShareEntry().create(0x2A2A, bytearray(1)))
    groups = next(one for one in message.extensions if one.extType == ExtensionType.supported_groups)
    groups.groups.insert(0, 0x2A2A)


def finished_wrongly():
    expected = {"decrypt_error", "decode_error"}
    for length in [0, 1, 16, 31, 32, 47]:
        yield Case(f"a Finished cut to {length}", expected, finished(lambda body, n=length: body[:n]))
    for more in [1, 16, 4096, 16000]:
        yield Case(f"a Finished with {more} more", expected | SYNTAX, finished(lambda body, n=more: body + bytes(n)))
    for place in [0, 1, 15, 23, 24, 40, 46, 47]:
        yield Case(f"a Finished with bit {place * 8} turned", expected, finished(flipped(place)))
    yield Case("a Finished of zeros", expected, finished(lambda body: bytes(len(body))))
    yield Case("a Finished twice", OUT_OF_TURN | {"bad_record_mac"}, at("Finished", lambda message: [message, message]))
    yield Case("data instead of a Finished", OUT_OF_TURN, at("Finished", lambda _: [Message(DATA, bytearray(b"GET"))]))
    yield Case("a Finished in pieces", SERVED, at("Finished", pieces))


def pieces(message):
    data = message.write()
    return [Message(HANDSHAKE, data[:10]), Message(HANDSHAKE, data[10:])]


def hellos():
    yield Case("two extensions of a kind", SYNTAX, hello(lambda m: m.extensions.append(m.extensions[-1])))
    yield Case("no signature algorithms", {"missing_extension", "handshake_failure"},
               extension(ExtensionType.signature_algorithms, None))
    yield Case("no groups", {"missing_extension", "handshake_failure"},
               extension(ExtensionType.supported_groups, None))
    yield Case("no key share at all", {"missing_extension", "handshake_failure"},
               extension(ExtensionType.key_share, None))
    yield Case("groups that nobody knows", NO_FIT | SYNTAX,
               extension(ExtensionType.supported_groups, b"\0\x02\x2a\x2a"))
    yield Case("signatures that nobody knows", NO_FIT,
               extension(ExtensionType.signature_algorithms, b"\0\x02\x2a\x2a"))
    yield Case("ciphers that nobody knows", NO_FIT, hello(lambda m: setattr(m, "cipher_suites", [0x2A2A])))
    yield Case("no cipher", SYNTAX | NO_FIT, hello(lambda m: setattr(m, "cipher_suites", [])))
    yield Case("compression offered", SYNTAX, hello(lambda m: setattr(m, "compression_methods", [1, 0])))
    yield Case("no compression method", SYNTAX | NO_FIT, hello(lambda m: setattr(m, "compression_methods", [])))
    yield Case("a session id of 33 bytes", SYNTAX, hello(lambda m: setattr(m, "session_id", bytearray(33))))
    yield Case("a server name in capitals", SERVED, extension(0, server_name(b"SOME.NICENIC.NET")))
    yield Case("no server name", SERVED, extension(0, None))
    yield Case("an empty server name", SYNTAX, extension(0, server_name(b"")))
    yield Case("a server name of 300 bytes", SYNTAX | {"unrecognized_name"}, extension(0, server_name(b"a" * 300)))
    yield Case("a server name with a NUL", SYNTAX | {"unrecognized_name"}, extension(0, server_name(b"a\0b")))
    yield Case("two server names", SYNTAX, extension(0, server_name(b"some.nicenic.net", b"other.example")))
    yield Case("a list of server names that is cut", SYNTAX, extension(0, b"\0\x40\0\0\x03abc"))
    yield Case("http/1.1 chosen", SERVED, alpn=[b"http/1.1"])
    yield Case("h2 and http/1.1", SERVED, alpn=[b"h2", b"http/1.1"])
    yield Case("h2 only", {"no_application_protocol"}, alpn=[b"h2"])
    yield Case("no protocol in the list", SYNTAX, extension(ExtensionType.alpn, protocols()))
    yield Case("an empty protocol", SYNTAX, extension(ExtensionType.alpn, protocols(b"")))
    yield Case("an extension longer than the hello", SYNTAX, bytes_of("ClientHello", longer_extension))
    yield Case("a hello with bytes behind it", SYNTAX, bytes_of("ClientHello", longer_hello))
    yield Case("a cut hello", SYNTAX, bytes_of("ClientHello", shorter_hello))


def longer_extension(data):
    return with_length(data[:-1])


def longer_hello(data):
    return with_length(data + b"\0\0\0")


def shorter_hello(data):
    return with_length(data[: len(data) // 2])


def with_length(data):
    return data[:1] + bytearray(struct.pack(">I", len(data) - 4)[1:]) + data[4:]


def versions():
    kind = ExtensionType.supported_versions
    yield Case("versions that nobody knows, and 1.3", SERVED, extension(kind, b"\x06\x2a\x2a\x03\x7f\x03\x04"))
    yield Case("versions that nobody knows", OLD, extension(kind, b"\x02\x2a\x2a"))
    yield Case("TLS 1.1 as the only version", OLD, extension(kind, b"\x02\x03\x02"))
    yield Case("SSL 3.0 as the only version", OLD, extension(kind, b"\x02\x03\x00"))
    yield Case("no version in the list", SYNTAX | OLD, extension(kind, b"\0"))
    yield Case("half a version", SYNTAX, extension(kind, b"\x03\x03\x04\x03"))
    yield Case("1.3 with a fallback flag", SERVED, sendFallbackSCSV=True)
    yield Case("1.2 with a fallback flag", {"inappropriate_fallback", "served"}, sendFallbackSCSV=True, tls12=True)
    # rustls does without that flag: its random number tells a client that knows 1.3 of the downgrade.
    yield Case("1.3 taken out on the way", {"the client refuses the downgrade"},
               extension(kind, None), versions=[(3, 4), (3, 3)], minVersion=(3, 3))


def records():
    first = "Finished"
    yield Case("a ChangeCipherSpec of two bytes", OUT_OF_TURN | SYNTAX, before(first, CCS, b"\1\1"))
    yield Case("a ChangeCipherSpec of another value", OUT_OF_TURN | SYNTAX, before(first, CCS, b"\2"))
    yield Case("an empty alert instead of a Finished", OUT_OF_TURN | SYNTAX, before(first, ALERT, b""))
    yield Case("an alert of one byte", OUT_OF_TURN | SYNTAX, before(first, ALERT, b"\2"))
    yield Case("an alert of three bytes", OUT_OF_TURN | SYNTAX, before(first, ALERT, b"\2\x28\0"))
    yield Case("a heartbeat", OUT_OF_TURN | SYNTAX, before(first, HEARTBEAT, b"\1\x40\0"))
    yield Case("a record of nothing but zeros", OUT_OF_TURN | MUTE, before(first, 0, bytes(20)))
    yield Case("an empty handshake record", OUT_OF_TURN | SYNTAX | SERVED, before(first, HANDSHAKE, b""))
    yield Case("another message between the pieces of one", OUT_OF_TURN | MUTE, at(first, torn))


def torn(message):
    data = message.write()
    return [Message(HANDSHAKE, data[:10]), Message(DATA, bytearray(b"x")), Message(HANDSHAKE, data[10:])]


def after_the_handshake():
    yield Case("padding of 1 byte", SERVED, after=padded(1))
    yield Case("padding of 255 bytes", SERVED, after=padded(255))
    yield Case("padding to the limit", SERVED, after=padded(15 * 1024))
    yield Case("an empty data record", SERVED, after=sends(DATA, b""))
    yield Case("forty empty data records", SERVED | OUT_OF_TURN | MUTE, after=repeated(40, DATA, b""))
    yield Case("a record beyond the limit", {"record_overflow"}, after=sends(DATA, bytes(2**14 + 1)))
    yield Case("a new key", SERVED, after=key_updates(1, 0))
    yield Case("a new key, and one asked for", SERVED, after=key_updates(1, 1))
    yield Case("twenty new keys", SERVED | OUT_OF_TURN, after=key_updates(20, 0))
    yield Case("a new key of an unknown kind", SYNTAX, after=sends(HANDSHAKE, b"\x18\0\0\1\2"))
    yield Case("a new key of no kind", SYNTAX, after=sends(HANDSHAKE, b"\x18\0\0\0"))
    yield Case("a new key with more behind it", OUT_OF_TURN | SYNTAX, after=sends(HANDSHAKE, b"\x18\0\0\1\0\x18"))
    yield Case("a second hello", OUT_OF_TURN, after=sends(HANDSHAKE, plain_hello((3, 3))[5:]))
    yield Case("a ticket from the client", OUT_OF_TURN | SYNTAX, after=sends(HANDSHAKE, b"\x04\0\0\2\0\0"))
    yield Case("an end of early data", OUT_OF_TURN | SYNTAX, after=sends(HANDSHAKE, b"\x05\0\0\0"))
    yield Case("a message that nobody knows", OUT_OF_TURN | SYNTAX, after=sends(HANDSHAKE, b"\x63\0\0\0"))
    yield Case("an empty alert", OUT_OF_TURN | SYNTAX, after=sends(ALERT, b""))
    yield Case("a long alert", OUT_OF_TURN | SYNTAX, after=sends(ALERT, b"\2\x28\0\0"))
    yield Case("a heartbeat later", OUT_OF_TURN | SYNTAX, after=sends(HEARTBEAT, b"\1\x40\0"))
    yield Case("a record of zeros later", OUT_OF_TURN | MUTE, after=sends(0, bytes(20)))
    yield Case("data in clear", {"bad_record_mac"}, after=in_clear(bytes([DATA, 3, 3, 0, 40]) + bytes(40)))
    yield Case("data too short to be sealed", {"bad_record_mac", "decode_error"},
               after=in_clear(bytes([DATA, 3, 3, 0, 4]) + bytes(4)))
    yield Case("an alert in clear", {"bad_record_mac", "unexpected_message"},
               after=in_clear(bytes([ALERT, 3, 3, 0, 2, 2, 40])))
    yield Case("a ChangeCipherSpec later", OUT_OF_TURN, after=in_clear(bytes([CCS, 3, 3, 0, 1, 1])))
    yield Case("a record of an unknown kind", OUT_OF_TURN | SYNTAX, after=in_clear(bytes([99, 3, 3, 0, 1, 1])))


def repeated(count, record, data):
    one = sends(record, data)
    return lambda client: [one(client) for _ in range(count)]


def tls12():
    def case(name, expected, *rest, **named):
        return Case(f"1.2: {name}", expected, *rest, tls12=True, **named)
    yield case("a Finished with a bit turned", {"decrypt_error"}, finished(flipped(3)))
    yield case("a cut Finished", {"decrypt_error", "decode_error"}, finished(lambda body: body[:8]))
    yield case("a ChangeCipherSpec too early", OUT_OF_TURN, before("ClientKeyExchange", CCS, b"\1"))
    yield case("no key exchange", OUT_OF_TURN, at("ClientKeyExchange", lambda _: []))
    yield case("a key exchange that is cut", SYNTAX | MUTE, bytes_of("ClientKeyExchange", lambda data: with_length(data[:20])))
    yield case("a point that is not on the curve", SYNTAX | {"decrypt_error", "internal_error"},
               bytes_of("ClientKeyExchange", lambda data: data[:-1] + bytearray([data[-1] ^ 1])),
               eccCurves=["secp256r1"])
    yield case("data before the Finished", OUT_OF_TURN, before("ClientKeyExchange", DATA, b"GET"))
    yield case("a heartbeat", OUT_OF_TURN | SYNTAX, after=sends(HEARTBEAT, b"\1\x40\0"))
    yield case("a renegotiation", {"no_renegotiation", "unexpected_message", "handshake_failure"},
               after=sends(HANDSHAKE, plain_hello((3, 3))[5:]))
    yield case("a record that was changed", {"bad_record_mac"}, after=in_clear(bytes([DATA, 3, 3, 0, 40]) + bytes(40)))
    yield case("a record beyond the limit", {"record_overflow"}, after=sends(DATA, bytes(2**14 + 1)))


def raw():
    yield Case("an SSL 3.0 hello", OLD | NO_FIT, raw=plain_hello((3, 0)))
    yield Case("a TLS 1.0 hello", OLD | NO_FIT, raw=plain_hello((3, 1)))
    yield Case("a TLS 1.1 hello", OLD | NO_FIT, raw=plain_hello((3, 2)))
    yield Case("a hello that ends in its length", {"silence"}, raw=plain_hello((3, 3))[:12])
    yield Case("a record of 0 bytes", {"silence", "unexpected_message", "decode_error", "illegal_parameter"},
               raw=bytes([HANDSHAKE, 3, 1, 0, 0]))
    yield Case("a record that claims 64 KiB", {"record_overflow", "decode_error", "illegal_parameter"},
               raw=bytes([HANDSHAKE, 3, 1, 255, 255]) + bytes(100))
    yield Case("a record of SSL 9", OLD | SYNTAX | NOT_TLS, raw=bytes([HANDSHAKE, 9, 9, 0, 4]) + b"\x01\0\0\0")
    yield Case("a server's hello", OUT_OF_TURN | SYNTAX, raw=bytes([HANDSHAKE, 3, 1, 0, 4]) + b"\x02\0\0\0")
    yield Case("a message that claims 16 MiB", {"silence", *SYNTAX, "record_overflow", *MUTE},
               raw=bytes([HANDSHAKE, 3, 1, 0, 4]) + b"\x01\xff\xff\xff")


# --- the run

def through(port):
    def dial(host):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        reply = b""
        while not reply.endswith(b"\r\n\r\n"):
            reply += sock.recv(1)
        assert reply.startswith(b"HTTP/1.1 200"), reply[:30]
        return sock
    return dial


def straight(port):
    return lambda _: socket.create_connection(("127.0.0.1", port))


def main():
    proxy, openssl = int(sys.argv[1]), int(sys.argv[2])
    all_cases = list(cases())
    with ThreadPoolExecutor(4) as pool:
        ours = list(pool.map(lambda case: outcome(case, through(proxy)), all_cases))
    # This server has one client at a time.
    theirs = [outcome(case, straight(openssl)) for case in all_cases]
    good = [0, 0]
    for case, *words in zip(all_cases, ours, theirs):
        fits = [word in case.expected for word in words]
        good = [count + fit for count, fit in zip(good, fits)]
        if not all(fits) or "-v" in sys.argv:
            wanted = " or ".join(sorted(case.expected))
            print(f"{'     ' if fits[0] else 'FAIL '}{case.name}: {words[0]}; openssl {words[1]}; wanted {wanted}")
    print(f"{len(all_cases)} clients with a fault or none: nicetap {good[0]} as wanted, openssl {good[1]}")
    return good[0] != len(all_cases)


def outcome(case, dial):
    try:
        return case.play(dial)
    except Exception as error:  # noqa: BLE001 what a case cannot do is part of the table
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.exit(main())
