"""Says for each HOST PORT whether this Python accepts the certificate it is shown: probe.py CAFILE HOST PORT ..."""
import socket
import ssl
import sys

context = ssl.create_default_context(cafile=sys.argv[1])
# What Python 3.13 does by itself.
context.verify_flags |= ssl.VERIFY_X509_STRICT
for host, port in zip(sys.argv[2::2], sys.argv[3::2]):
    try:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as plain:
            with context.wrap_socket(plain, server_hostname=host):
                print("accepted")
    except ssl.SSLCertVerificationError as error:
        print("refused:", error.verify_message)
