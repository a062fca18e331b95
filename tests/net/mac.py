# SPDX-License-Identifier: GPL-2.0
"""Message authentication codes as NTP has them, reckoned apart from what is
tested: digests of secret and packet by Python's, AES (FIPS 197) and AES-CMAC
(RFC 4493) by what stands here."""
import hashlib

DIGESTS = {"MD5": hashlib.md5, "SHA1": hashlib.sha1, "SHA256": hashlib.sha256,
           "SHA512": hashlib.sha512}
TYPES = (*DIGESTS, "AES128", "AES256")


def double(x):
    return (x << 1 ^ 0x1b) & 0xff if x & 0x80 else x << 1


def times(a, b):
    """In the field of 256 elements."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a, b = double(a), b >> 1
    return product


def substitute(x):
    """FIPS 197 section 5.1.1: the inverse, and then an affine map."""
    inverse = next((y for y in range(256) if times(x, y) == 1), 0)
    out = 0x63
    for turn in range(5):
        out ^= (inverse << turn | inverse >> (8 - turn)) & 0xff
    return out


SBOX = [substitute(x) for x in range(256)]


def key_schedule(key):
    words, n, rcon = [list(key[i:i + 4]) for i in range(0, len(key), 4)], len(key) // 4, 1
    for i in range(n, 4 * (n + 7)):
        word = list(words[-1])
        if i % n == 0:
            word = [SBOX[x] for x in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = double(rcon)
        elif n > 6 and i % n == 4:
            word = [SBOX[x] for x in word]
        words.append([a ^ b for a, b in zip(words[-n], word)])
    return [sum(words[i:i + 4], []) for i in range(0, len(words), 4)]


def aes(rounds, block):
    state = [a ^ b for a, b in zip(block, rounds[0])]
    for number, key in enumerate(rounds[1:], 1):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if number < len(rounds) - 1:
            state = [double(state[i]) ^ double(state[i & 12 | i + 1 & 3]) ^
                     state[i & 12 | i + 1 & 3] ^ state[i & 12 | i + 2 & 3] ^
                     state[i & 12 | i + 3 & 3] for i in range(16)]
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


def subkey(block):
    number = int.from_bytes(block, "big") << 1
    if number >> 128:
        number ^= 1 << 128 | 0x87
    return number.to_bytes(16, "big")


def cmac(key, data):
    rounds = key_schedule(key)
    one = subkey(aes(rounds, bytes(16)))
    full = len(data) > 0 and len(data) % 16 == 0
    if not full:
        data += b"\x80"
        data += bytes(-len(data) % 16)
    last = one if full else subkey(one)
    mac = bytes(16)
    for at in range(0, len(data), 16):
        block = data[at:at + 16]
        if at + 16 == len(data):
            block = bytes(a ^ b for a, b in zip(block, last))
        mac = aes(rounds, bytes(a ^ b for a, b in zip(mac, block)))
    return mac


def digest(kind, secret, data):
    if kind in DIGESTS:
        return DIGESTS[kind](secret + data).digest()
    return cmac(secret, data)


def mac(number, kind, secret, data, version=4):
    """What goes behind a packet; version 4 cuts long digests off (RFC 7822)."""
    code = digest(kind, secret, data)
    return number.to_bytes(4, "big") + (code[:20] if version == 4 else code)


def vectors():
    """(name, got, wanted) of what is published: FIPS 197 appendix C, RFC 4493
    section 4, NIST SP 800-38B appendix D."""
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    key256 = bytes.fromhex("603deb1015ca71be2b73aef0857d7781"
                           "1f352c073b6108d72d9810a30914dff4")
    text = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a"
                         "ae2d8a571e03ac9c9eb76fac45af8e51"
                         "30c81c46a35ce411e5fbc1191a0a52ef"
                         "f69f2445df4f9b17ad2b417be66c3710")
    plain = bytes.fromhex("00112233445566778899aabbccddeeff")
    for length, wanted in ((16, "69c4e0d86a7b0430d8cdb78070b4c55a"),
                           (32, "8ea2b7ca516745bfeafc49904b496089")):
        yield (f"AES-{8 * length}", aes(key_schedule(bytes(range(length))), plain).hex(),
               wanted)
    for length, wanted in ((0, "bb1d6929e95937287fa37d129b756746"),
                           (16, "070a16b46b4d4144f79bdd9dd04a287c"),
                           (40, "dfa66747de9ae63030ca32611497c827"),
                           (64, "51f0bebf7e3b9d92fc49741779363cfe")):
        yield f"AES-128-CMAC of {length}", cmac(key, text[:length]).hex(), wanted
    for length, wanted in ((0, "028962f61b7bf89efc6b551f4667d983"),
                           (16, "28a7023f452e8f82bd4bf28d8c37c35c"),
                           (40, "aaf3d8f1de5640c232f5b169b9c911e6"),
                           (64, "e1992190549f6ed5696a2c056c315410")):
        yield f"AES-256-CMAC of {length}", cmac(key256, text[:length]).hex(), wanted
