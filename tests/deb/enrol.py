#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""enrol.py KERNEL KEY CERT OWN...: in a guest whose firmware is in setup mode: let
it start KERNEL, by the certificate that this is signed with, trust the
certificates OWN (DER) as well, and give it to the owner of KEY and CERT, which
ends the setup. UEFI 2.10 sections 8.2 and 32.4."""
import os
import struct
import subprocess
import sys
import tempfile
import time
import uuid

GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
DATABASE = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
PKCS7 = uuid.UUID("4aafd29d-68df-49ee-8aa9-347d375665a7")
# Kept, for boot services and the system, authenticated with a time.
ATTRIBUTES = 0x27
SECURITY_DIRECTORY = 4
# Where SignedData begins in a ContentInfo of more than 255 octets; what some
# firmware wants is that alone.
SIGNED_DATA = 4 + 11 + 4


def openssl(*words, data=b""):
    return subprocess.run(["openssl", *words], input=data, check=True,
                          stdout=subprocess.PIPE).stdout


def signer(path):
    """The certificate in a signed PE image, DER."""
    with open(path, "rb") as file:
        image = file.read()
    header = struct.unpack_from("<I", image, 0x3c)[0] + 24
    wide = struct.unpack_from("<H", image, header)[0] == 0x20b
    at, size = struct.unpack_from(
        "<II", image, header + (112 if wide else 96) + 8 * SECURITY_DIRECTORY)
    if not size:
        sys.exit(f"enrol: {path} is not signed")
    return openssl("x509", "-outform", "der", data=openssl(
        "pkcs7", "-inform", "der", "-print_certs", data=image[at + 8:at + size]))


def lists(certificates):
    return b"".join(
        X509.bytes_le + struct.pack("<III", 28 + 16 + len(der), 0, 16 + len(der))
        + bytes(16) + der for der in certificates)


def write(name, vendor, content, sign=None):
    now = time.gmtime()
    stamp = struct.pack("<HBBBBBxIhBx", now.tm_year, now.tm_mon, now.tm_mday,
                        now.tm_hour, now.tm_min, now.tm_sec, 0, 0, 0)
    signature = b""
    if sign:
        signature = openssl(
            "smime", "-sign", "-binary", "-noattr", "-md", "sha256",
            "-inkey", sign[0], "-signer", sign[1], "-outform", "der",
            data=name.encode("utf-16-le") + vendor.bytes_le
            + struct.pack("<I", ATTRIBUTES) + stamp + content)[SIGNED_DATA:]
    header = struct.pack("<IHH", 24 + len(signature), 0x200, 0xef1)
    data = (struct.pack("<I", ATTRIBUTES) + stamp + header + PKCS7.bytes_le
            + signature + content)
    # What is written is one value, and goes by one call.
    fd = os.open(f"/sys/firmware/efi/efivars/{name}-{vendor}",
                 os.O_WRONLY | os.O_CREAT, 0o644)
    os.write(fd, data)
    os.close(fd)


def main():
    kernel, key, cert, *own = sys.argv[1:]
    trusted = [signer(kernel)]
    for path in own:
        with open(path, "rb") as file:
            trusted.append(file.read())
    write("db", DATABASE, lists(trusted))
    with tempfile.NamedTemporaryFile() as der:
        openssl("x509", "-in", cert, "-outform", "der", "-out", der.name)
        owner = der.read()
    write("PK", GLOBAL, lists([owner]), (key, cert))


if __name__ == "__main__":
    main()
