"""Remote write and read by hand: protobuf, snappy, frames. No library, so that nothing is shared with what is tested."""
import struct
import urllib.error
import urllib.request

VERSION_1 = "application/x-protobuf"
VERSION_2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number):
    return varint((number << 1) ^ (number >> 63))


def text(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def number(field, value):
    return varint(field << 3) + varint(value)


def signed(field, value):
    return varint(field << 3) + zigzag(value)


def real(field, value):
    return varint(field << 3 | 1) + struct.pack("<d", value)


def packed(field, values):
    return text(field, b"".join(varint(v) for v in values))


def packed_signed(field, values):
    return text(field, b"".join(zigzag(v) for v in values))


def packed_real(field, values):
    return text(field, struct.pack(f"<{len(values)}d", *values))


def fields(data):
    """[(field, value)]: numbers as they are, bytes of texts, the 8 bytes of a real."""
    out, at = [], 0

    def take_varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(data):
        tag = take_varint()
        kind = tag & 7
        if kind == 0:
            out.append((tag >> 3, take_varint()))
            continue
        size = {1: 8, 5: 4}.get(kind) or take_varint()
        out.append((tag >> 3, data[at:at + size]))
        at += size
    return out


def as_signed(value):
    return value - (1 << 64) if value >= 1 << 63 else value


def unzigzag(value):
    return (value >> 1) ^ -(value & 1)


def numbers_of(data):
    """The numbers of a packed field."""
    return [value for _, value in fields(b"".join(b"\x08" + piece for piece in split_varints(data)))]


def split_varints(data):
    start = 0
    for at, byte in enumerate(data):
        if byte < 0x80:
            yield data[start:at + 1]
            start = at + 1


def snappy(data):
    """A block of literals."""
    out = bytearray(varint(len(data)))
    for at in range(0, len(data), 60):
        piece = data[at:at + 60]
        out.append((len(piece) - 1) << 2)
        out += piece
    return bytes(out)


def snappy_repeat(piece, times, prefix=b""):
    """A block of `piece` again and again, behind a short prefix: three bytes of the block make up to 60."""
    assert 4 <= len(piece) and len(prefix + piece) <= 60
    out = bytearray(varint(len(prefix) + len(piece) * times))
    out.append((len(prefix + piece) - 1) << 2)
    out += prefix + piece
    copy = bytes([(len(piece) - 1) << 2 | 2]) + struct.pack("<H", len(piece))
    return bytes(out + copy * (times - 1))


def unsnappy(data):
    size = shift = at = 0
    while True:
        byte = data[at]
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            length = tag >> 2
            if length >= 60:
                more = length - 59
                length = int.from_bytes(data[at:at + more], "little")
                at += more
            out += data[at:at + length + 1]
            at += length + 1
            continue
        if tag & 3 == 1:
            length, offset = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | data[at]
            at += 1
        else:
            width = 2 if tag & 3 == 2 else 4
            length, offset = (tag >> 2) + 1, int.from_bytes(data[at:at + width], "little")
            at += width
        for _ in range(length):
            out.append(out[-offset])
    assert len(out) == size, (len(out), size)
    return bytes(out)


def crc32c(data):
    table = crc32c.__dict__.setdefault("table", [])
    if not table:
        for byte in range(256):
            for _ in range(8):
                byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
            table.append(byte)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


# Requests of 1.0

def label(name, value):
    return text(1, text(1, name) + text(2, value))


def series_1(labels, samples=(), histograms=(), exemplars=()):
    out = b"".join(label(name, value) for name, value in labels.items())
    out += b"".join(text(2, real(1, value) + number(2, t)) for value, t in samples)
    out += b"".join(text(3, b"".join(label(n, v) for n, v in ls.items()) + real(2, value) + number(3, t)) for ls, value, t in exemplars)
    out += b"".join(text(4, histogram) for histogram in histograms)
    return text(1, out)


# Requests of 2.0

class Request2:
    def __init__(self):
        self.symbols, self.series = {"": 0}, b""

    def ref(self, symbol):
        return self.symbols.setdefault(symbol, len(self.symbols))

    def refs(self, labels):
        return [self.ref(word) for pair in labels.items() for word in pair]

    def add(self, labels, samples=(), histograms=(), exemplars=(), kind=0, help="", unit=""):
        """Samples are (value, t, start); exemplars (labels, value, t)."""
        out = packed(1, self.refs(labels))
        out += b"".join(text(2, real(1, value) + number(2, t) + number(3, start)) for value, t, start in samples)
        out += b"".join(text(3, histogram) for histogram in histograms)
        out += b"".join(text(4, packed(1, self.refs(ls)) + real(2, value) + number(3, t)) for ls, value, t in exemplars)
        out += text(5, number(1, kind) + number(3, self.ref(help)) + number(4, self.ref(unit)))
        self.series += text(5, out)
        return self

    def bytes(self):
        return b"".join(text(4, symbol) for symbol in self.symbols) + self.series


def histogram(t, count, sum=0.0, schema=0, zero=(0.0, 0), positive=((), ()), negative=((), ()), bounds=(), hint=0, start=0):
    """Integers if `count` is one: then the buckets are deltas."""
    whole = isinstance(count, int)
    out = (number(1, count) if whole else real(2, count)) + real(3, sum) + signed(4, schema) + real(5, zero[0])
    out += number(6, zero[1]) if whole else real(7, zero[1])
    for spans, buckets, at in ((*negative, 8), (*positive, 11)):
        out += b"".join(text(at, signed(1, offset) + number(2, length)) for offset, length in spans)
        out += packed_signed(at + 1, buckets) if whole else packed_real(at + 2, buckets)
    return out + number(14, hint) + number(15, t) + packed_real(16, bounds) + number(17, start)


def parse_histogram(data):
    """As a dictionary of what is not nothing."""
    out = {"positive_spans": [], "negative_spans": []}
    for field, value in fields(data):
        if field in (8, 11):
            span = dict(fields(value))
            out["negative_spans" if field == 8 else "positive_spans"].append((unzigzag(span.get(1, 0)), span.get(2, 0)))
        elif field in (9, 12):
            out["negative" if field == 9 else "positive"] = [unzigzag(v) for v in numbers_of(value)]
        elif field in (10, 13, 16):
            values = list(struct.unpack(f"<{len(value) // 8}d", value))
            out[{10: "negative", 13: "positive", 16: "bounds"}[field]] = values
        elif field in (2, 3, 5, 7):
            out[{2: "count", 3: "sum", 5: "zero_threshold", 7: "zero"}[field]] = struct.unpack("<d", value)[0]
        elif field == 4:
            out["schema"] = unzigzag(value)
        elif field in (1, 6, 14, 15):
            out[{1: "count", 6: "zero", 14: "hint", 15: "t"}[field]] = value
    return {name: value for name, value in out.items() if value}


# HTTP

def post(url, body, headers, timeout=60):
    """(status, body, headers)."""
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def write(base, message, content=VERSION_1, encoding="snappy"):
    return post(f"{base}/api/v1/write", snappy(message), {"Content-Type": content, "Content-Encoding": encoding})


MATCH = {"=": 0, "!=": 1, "=~": 2, "!~": 3}


def read_request(start, end, matchers, types=()):
    query = number(1, start) + number(2, end)
    query += b"".join(text(3, number(1, MATCH[op]) + text(2, name) + text(3, value)) for name, op, value in matchers)
    return text(1, query) + (packed(2, types) if types else b"")


def read(base, start, end, matchers, types=()):
    status, body, headers = post(f"{base}/api/v1/read", snappy(read_request(start, end, matchers, types)),
                                 {"Content-Type": VERSION_1, "Content-Encoding": "snappy"})
    assert status == 200, (status, body)
    return body, headers


def labels_key(series):
    pairs = [dict(fields(value)) for field, value in fields(series) if field == 1]
    return tuple((pair[1].decode(), pair[2].decode()) for pair in pairs)


def read_samples(base, start, end, matchers):
    """{labels: [(t, value)]}: floats as the text of their bits, histograms as dictionaries."""
    body, headers = read(base, start, end, matchers)
    assert headers["Content-Type"] == "application/x-protobuf" and headers["Content-Encoding"] == "snappy", headers
    out = {}
    for _, result in fields(unsnappy(body)):
        for _, series in fields(result):
            samples = []
            for field, value in fields(series):
                if field == 2:
                    sample = dict(fields(value))
                    samples.append((as_signed(sample.get(2, 0)), sample.get(1, bytes(8)).hex()))
                if field == 4:
                    one = parse_histogram(value)
                    samples.append((one.pop("t", 0), one))
            out[labels_key(series)] = samples
    return out


def read_chunks(base, start, end, matchers):
    """[(labels, [(first, last, encoding, bytes)])] in the order of the frames, whose checksums are right."""
    body, headers = read(base, start, end, matchers, (1, 0))
    assert headers["Content-Type"] == "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse", headers
    out, at = [], 0
    while at < len(body):
        size = shift = 0
        while True:
            byte = body[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        crc, frame = struct.unpack(">I", body[at:at + 4])[0], body[at + 4:at + 4 + size]
        assert len(frame) == size and crc32c(frame) == crc
        at += 4 + size
        for field, series in fields(frame):
            if field == 1:
                chunks = [dict(fields(value)) for f, value in fields(series) if f == 2]
                out.append((labels_key(series), [(c.get(1, 0), c.get(2, 0), c[3], c[4]) for c in chunks]))
    return out


