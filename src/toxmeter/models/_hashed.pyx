# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The compiled kernel of nano: reads the UTF-8 bytes of each text, no Python object per word.

``ngrams.py`` is its specification, step by step and constant by constant; this file says only what is
particular to doing it fast. A text is first spelled as a line: its words, a space behind each, runs of a
symbol cut to one and their lengths noted. Then the line is hashed with the same work for each symbol: which
4-grams and words end where is looked up, not branched on, since a branch that is guessed wrong costs as much
as five symbols. Slots that a text has met already are known by a stamp, a byte that changes from text to text.
Rows of the table are summed as eight 16-bit lanes in two numbers, emptied before they can overflow.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.math cimport exp, sqrt
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

cdef extern from *:
    """
    #define MIX 0x9E3779B97F4A7C15ull
    #define PAIR 0x517CC1B727220A95ull
    #define LANES 0x00FF00FF00FF00FFull
    #if defined(__GNUC__)
    #define prefetch(place) __builtin_prefetch(place)
    #else
    #define prefetch(place) ((void)0)
    #endif
    """
    void prefetch(const void* place) noexcept nogil
    const uint64_t MIX, PAIR, LANES

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL
    Py_ssize_t PyUnicode_GetLength(object text) except -1

cdef enum:
    BREAK = 0
    SKIP = 1
    KEEP = 2
    OWN = 3
    MARK = 4
    COLUMNS = 8
    LABELS = 6
    FULL = 256     # rows until the lanes are emptied: 255 · 257 is the most that 16 bits hold
    SPACED = 3
    PAD = 32       # bytes around a line that may be read or written by loops in steps of 16
    SHORT = 512    # bytes of a single text that are read sooner than the lock is handed over and back
    BLOCK = 256    # texts that are found, then read, while they are still in the processor's cache
    # roles of a folded symbol in a word
    LETTER = 1
    DIGIT = 2
    SYMBOL = 4     # belongs to a word where a letter or digit follows
    TAIL = 8       # also where one stands before
    STAR = 16      # where letters or digits stand on both sides of its run
    # lengths of runs, in two bits: whether a run began with the latest symbol, and with the one before
    ONE = 1        # or 3; longer ones are 0
    TWO = 2
    LENGTH = 3
    SIGN = 4       # added where a break is no white space
    # kinds of a symbol in a line, added up
    SECOND = 1     # the second of its word, or the space behind a single one
    FIRST = 2
    SPACE = 4
    DOUBLE = 8     # there were two of it
    KINDS = 16

cdef struct Steps:
    # what each kind of symbol does in _hash
    uint64_t mask[KINDS]    # the bytes of the 4-gram that ends here which belong to the word
    uint64_t gram[KINDS]    # whether it is a whole 4-gram
    uint64_t twice[KINDS]   # what the second of two multiplies by
    int64_t inside[KINDS]   # all bits, or none where a word ends

cdef uint8_t ROLE[256]
cdef uint8_t LEET[256]
cdef uint8_t ZEROS[256]
cdef Steps STEPS


cdef void _fill_tables() noexcept:
    cdef int c
    cdef const char* digits = "013456789@$!|+"
    cdef const char* letters = "oieasgtbgasiit"
    for c in range(256):
        ROLE[c] = 0
        LEET[c] = ZEROS[c] = c
    for c in range(c'a', c'z' + 1):
        ROLE[c] = LETTER
    ROLE[KEEP] = LETTER
    for c in range(c'0', c'9' + 1):
        ROLE[c] = DIGIT
        ZEROS[c] = c'0'
    for c in range(14):
        LEET[<uint8_t>digits[c]] = letters[c]
    for c in range(9, 14):
        ROLE[<uint8_t>digits[c]] = SYMBOL
    ROLE[c'@'] = ROLE[c'$'] = SYMBOL | TAIL
    ROLE[c'*'] = STAR
    for c in range(KINDS):
        STEPS.mask[c] = 0xFFFF0000 if c & FIRST else 0xFFFFFF00 if c & SECOND else 0xFFFFFFFF
        STEPS.gram[c] = c & (FIRST | SECOND) == 0
        STEPS.twice[c] = PAIR if c & DOUBLE else 0
        STEPS.inside[c] = 0 if c & SPACE else -1


_fill_tables()


cdef struct Reader:
    # one text being read; every thread has its own
    const uint8_t* text
    Py_ssize_t size
    Py_ssize_t stars_end
    uint8_t* line          # a space, then the words
    uint8_t* runs          # for each symbol of the line how long its run was; then its kind
    Py_ssize_t last        # where the line ends
    uint64_t* words        # hashes of the words
    uint32_t* features     # hashes of the features; then their slots, each once
    bint mixed             # the word being read has digits or symbols
    bint look              # _join has to look at the line


cdef struct Sums:
    int64_t columns[COLUMNS]
    int64_t count


cdef inline void _append(Reader* r, uint8_t symbol, uint8_t sign) noexcept nogil:
    cdef bint new = symbol != r.line[r.last]
    cdef uint8_t run = <uint8_t>(2 * (r.runs[r.last] & ONE) + new)
    r.last += new
    r.line[r.last] = symbol
    r.runs[r.last] = run | sign


cdef Py_ssize_t _unleet(uint8_t* line, uint8_t* runs, Py_ssize_t begin, Py_ssize_t end) noexcept nogil:
    """Letters for the digits and symbols of a word; returns where it ends when new runs are cut."""
    cdef Py_ssize_t i, to = begin - 1
    cdef uint8_t has_letter = 0, symbol, new, run = ONE, latest = c' '
    cdef const uint8_t* meaning = ZEROS
    for i in range(begin, end):
        has_letter |= ROLE[line[i]] & LETTER | line[i] >> 7
    if has_letter:
        meaning = LEET
    for i in range(begin, end):
        symbol = meaning[line[i]]
        new = symbol != latest
        # one and one are two, all else is more
        run = runs[i] if new else TWO * (run & runs[i] & ONE)
        latest = symbol
        to += new
        line[to] = symbol
        runs[to] = run
    return to + 1


cdef void _end_mixed(Reader* r) noexcept nogil:
    """End a word with digits or symbols. A lone digit stays: it may belong to a spaced-out word."""
    cdef Py_ssize_t begin = r.last
    while r.line[begin - 1] != c' ':
        begin -= 1
    if begin == r.last and r.runs[begin] & ONE:
        r.look = True
    else:
        r.last = _unleet(r.line, r.runs, begin, r.last + 1) - 1
    r.mixed = False


cdef bint _may_be_spaced(const uint8_t* line, Py_ssize_t size) noexcept nogil:
    """Whether three words of one byte stand side by side."""
    cdef Py_ssize_t i
    cdef uint8_t found = 0
    for i in range((size + 15) & ~<Py_ssize_t>15):
        found |= (line[i] == c' ') & (line[i + 2] == c' ') & (line[i + 4] == c' ') & (line[i + 6] == c' ')
    return found


cdef bint _join(Reader* r, bint signs) noexcept nogil:
    """Join the letters of spaced-out words, and make zeros of lone digits that are in none.

    Without ``signs`` the line does not tell all breaks apart: False is returned where that matters.
    """
    cdef Py_ssize_t at = 1, to = 0, first = 1, singles = 0, begin, points
    cdef bint near, sign, first_sign = False
    while at <= r.last:
        near = r.runs[at - 1] & ONE
        sign = r.runs[at - 1] & SIGN != 0
        begin = at
        points = 0
        while r.line[at] != c' ':
            if r.line[at] & 0xC0 != 0x80:
                points += 2 - (r.runs[at] & ONE)
            at += 1
        if singles and (points != 1 or not near or (signs and singles > 1 and sign != first_sign)):
            to = _end_singles(r, first, to, singles)
            singles = 0
        if points == 1:
            if not singles:
                first = to + 1
            elif singles == 1:
                first_sign = sign
            singles += 1
            if singles == SPACED and not signs:
                return False
        while begin <= at:
            to += 1
            r.line[to] = r.line[begin]
            r.runs[to] = r.runs[begin]
            begin += 1
        at += 1
    r.last = _end_singles(r, first, to, singles) if singles else to
    return True


cdef Py_ssize_t _end_singles(Reader* r, Py_ssize_t begin, Py_ssize_t end, Py_ssize_t singles) noexcept nogil:
    """Join one-character words if there are enough; returns where the space behind them is."""
    cdef Py_ssize_t i, to = begin
    cdef uint8_t gap = r.runs[end]
    if singles < SPACED:
        for i in range(begin, end):
            r.line[i] = ZEROS[r.line[i]]
        return end
    for i in range(begin, end):
        if r.line[i] != c' ':
            r.line[to] = r.line[i]
            r.runs[to] = r.runs[i]
            to += 1
    to = _unleet(r.line, r.runs, begin, to)
    r.line[to] = c' '
    r.runs[to] = gap
    return to


cdef inline uint32_t _scatter(uint64_t h) noexcept nogil:
    h *= MIX
    return <uint32_t>(((h ^ (h >> 32)) * MIX) >> 32)


cdef Py_ssize_t _hash(Reader* r) noexcept nogil:
    """The features of a line, and how many: a word of s symbols brings s - 1 4-grams at most and 2 more,
    and takes s + 1 places, so they are no more than the line is long. What is no 4-gram is written over."""
    cdef const uint8_t* line = r.line
    cdef const uint8_t* b
    cdef uint8_t* kinds = r.runs
    cdef uint64_t* words = r.words
    cdef uint32_t* features = r.features
    cdef const Steps* steps = &STEPS
    cdef uint64_t hash = 0, previous = 0, x, high, kind
    cdef Py_ssize_t i, count = 0, n = 0, last = r.last
    # a multiple of 16, so that compilers make vectors of it without a rest
    for i in range((last + 16) & ~<Py_ssize_t>15):
        kinds[i] = ((DOUBLE if kinds[i] & LENGTH == TWO else 0) | (SPACE if line[i] == c' ' else 0)
                    | (FIRST if line[i - 1] == c' ' else 0) | (SECOND if line[i - 2] == c' ' else 0))
    for i in range(1, last + 1):
        kind = kinds[i]
        b = line + i - 3
        # spelled so that it means the same on every machine; compilers make one load of it
        x = (b[0] | b[1] << 8 | b[2] << 16 | <uint32_t>b[3] << 24) & steps.mask[kind]
        x *= MIX
        high = x >> 32
        features[count] = <uint32_t>high
        count += steps.gram[kind]
        words[n] = hash
        n += 1 + steps.inside[kind]
        hash += x * (high + steps.twice[kind])
        hash &= <uint64_t>steps.inside[kind]
    for i in range(n):
        hash = words[i]
        features[count] = _scatter(hash)
        features[count + 1] = _scatter(previous * PAIR + hash) if i else features[count]
        previous = hash
        count += 2
    return count


cdef Py_ssize_t _distinct(uint32_t* features, Py_ssize_t count, int shift, const uint8_t* table,
                          uint8_t* stamps, uint8_t stamp) noexcept nogil:
    """Make slots of the features, each once; returns how many. Their rows are on their way from memory then."""
    cdef Py_ssize_t i, n = 0
    cdef uint32_t slot
    cdef uint8_t old
    for i in range(count):
        slot = features[i] >> shift
        old = stamps[slot]
        stamps[slot] = stamp
        prefetch(table + <size_t>slot * COLUMNS)
        features[n] = slot
        n += old != stamp
    return n


cdef void _sum(const uint8_t* table, const uint32_t* slots, Py_ssize_t count, Sums* sums) noexcept nogil:
    """Sum the rows of the slots."""
    cdef uint64_t row, even, odd
    cdef const uint32_t* end = slots + count
    cdef const uint32_t* stop
    cdef const uint8_t* b
    cdef int lane
    memset(sums, 0, sizeof(Sums))
    sums.count = count
    while slots < end:
        stop = slots + min(<Py_ssize_t>(end - slots), <Py_ssize_t>FULL)
        even = odd = 0
        while slots < stop:
            b = table + <size_t>slots[0] * COLUMNS
            slots += 1
            # spelled so that it means the same on every machine; compilers make one load of it
            row = (<uint64_t>b[0] | <uint64_t>b[1] << 8 | <uint64_t>b[2] << 16 | <uint64_t>b[3] << 24
                   | <uint64_t>b[4] << 32 | <uint64_t>b[5] << 40 | <uint64_t>b[6] << 48 | <uint64_t>b[7] << 56)
            even += row & LANES
            odd += (row >> 8) & LANES
        for lane in range(4):
            sums.columns[2 * lane] += (even >> (16 * lane)) & 0xFFFF
            sums.columns[2 * lane + 1] += (odd >> (16 * lane)) & 0xFFFF


@cython.final
cdef class Kernel:
    """A table and its folding, held for as long as the scorer lives."""

    cdef Py_buffer _table, _index, _pages
    cdef object _empty
    cdef tuple _one
    cdef _Scratch _scratch
    cdef int _shift, _labels
    cdef Py_ssize_t _slots, _window
    cdef double _scale[LABELS]
    cdef double _bias[LABELS]
    cdef uint8_t _ascii[128]
    cdef uint8_t _plain[256]  # letters and breaks as they stand in a line, else 0
    cdef uint8_t _mixed[256]  # inside a word with digits or symbols: letters and digits, else 0
    cdef uint8_t _letters[256]  # letters, else 0

    def __cinit__(self, table, index, pages, scale, bias, Py_ssize_t window, empty):
        # table [2**bits, 8], index [4352], pages [p, 256]: contiguous uint8 arrays
        # scale, bias: k floats; empty: a function that makes a float32 array of a shape
        cdef int c
        PyObject_GetBuffer(table, &self._table, PyBUF_SIMPLE)
        PyObject_GetBuffer(index, &self._index, PyBUF_SIMPLE)
        PyObject_GetBuffer(pages, &self._pages, PyBUF_SIMPLE)
        self._slots = self._table.len // COLUMNS
        self._shift = 64
        while (<Py_ssize_t>1 << (64 - self._shift)) < self._slots:
            self._shift -= 1
        self._labels = len(scale)
        if (<Py_ssize_t>1 << (64 - self._shift)) != self._slots or self._labels > LABELS or self._index.len != 4352:
            raise ValueError("table, scale or index of a shape that the kernel does not know")
        if max(bytes(index)) * 256 + 256 > self._pages.len:
            raise ValueError("the folding index points outside its pages")
        for c in range(self._labels):
            self._scale[c] = scale[c]
            self._bias[c] = bias[c]
        for c in range(128):
            self._ascii[c] = (<const uint8_t*>self._pages.buf)[(<const uint8_t*>self._index.buf)[0] * 256 + c]
        for c in range(256):
            # a NUL is never plain: one stands at the end of each text
            self._plain[c] = self._mixed[c] = self._letters[c] = 0
            if 0 < c < 128 and ROLE[self._ascii[c]] & (LETTER | DIGIT):
                self._mixed[c] = self._ascii[c]
            if 0 < c < 128 and ROLE[self._ascii[c]] == LETTER:
                self._plain[c] = self._letters[c] = self._ascii[c]
            if 0 < c < 128 and self._ascii[c] in (BREAK, MARK):
                self._plain[c] = c' '
        self._window = window
        self._empty = empty
        self._one = (1, self._labels)
        self._scratch = None

    def __dealloc__(self):
        PyBuffer_Release(&self._table)
        PyBuffer_Release(&self._index)
        PyBuffer_Release(&self._pages)

    def score(self, list texts):
        """Probabilities ``[n, k]``, or None where an entry is no str or longer than the window."""
        return self._run(texts, True)

    def pool(self, list texts):
        """Sums of rows and number of features, ``[n, 9]`` int64 as bytes, for tests against ``ngrams.pool``."""
        return self._run(texts, False)

    cdef _run(self, list texts, bint as_scores):
        cdef Py_ssize_t n = len(texts)
        cdef Py_ssize_t width = self._labels * sizeof(float) if as_scores else (COLUMNS + 1) * sizeof(int64_t)
        cdef Py_ssize_t begin = 0, count
        cdef const char* starts[BLOCK]
        cdef Py_ssize_t sizes[BLOCK]
        cdef list alive = texts[:]  # keeps the texts in place while other threads run
        cdef _Scratch scratch
        cdef Py_buffer view
        if as_scores:
            out = self._empty(self._one if n == 1 else (n, self._labels))
        else:
            out = bytearray(n * width)
        # whoever takes the scratch leaves none to other threads, which make their own
        scratch, self._scratch = self._scratch, None
        if scratch is None:
            scratch = _Scratch(self._slots)
        PyObject_GetBuffer(out, &view, PyBUF_WRITABLE)
        try:
            while begin < n:
                count = min(n - begin, <Py_ssize_t>BLOCK)
                if not self._find(alive, begin, count, starts, sizes, scratch):
                    return None
                if n == 1 and sizes[0] <= SHORT:
                    self._read_all(scratch, starts, sizes, count, view.buf, as_scores)
                else:
                    with nogil:
                        self._read_all(scratch, starts, sizes, count, <char*>view.buf + begin * width, as_scores)
                begin += count
        finally:
            PyBuffer_Release(&view)
            self._scratch = scratch
        return out

    cdef bint _find(self, list texts, Py_ssize_t begin, Py_ssize_t count, const char** starts, Py_ssize_t* sizes,
                    _Scratch scratch) except -1:
        """Where the bytes of some texts are; False where one is no str or longer than the window."""
        cdef Py_ssize_t i, longest = 0
        for i in range(count):
            text = texts[begin + i]
            if not isinstance(text, str) or PyUnicode_GetLength(text) > self._window:
                return False
            try:
                starts[i] = PyUnicode_AsUTF8AndSize(text, &sizes[i])
            except UnicodeEncodeError:
                text = texts[begin + i] = text.encode("utf-8", "replace").decode()
                starts[i] = PyUnicode_AsUTF8AndSize(text, &sizes[i])
            longest = max(longest, sizes[i])
        scratch.fit(longest)
        return True

    cdef void _read_all(self, _Scratch scratch, const char** starts, Py_ssize_t* sizes, Py_ssize_t n,
                        void* out, bint as_scores) noexcept nogil:
        cdef Reader r
        cdef Sums sums
        cdef Py_ssize_t i, count
        cdef const uint8_t* table = <const uint8_t*>self._table.buf
        r.line = scratch.line + PAD
        r.runs = scratch.runs
        r.words = scratch.words
        r.features = scratch.features
        for i in range(n):
            r.text = <const uint8_t*>starts[i]
            r.size = sizes[i]
            self._spell(&r, self._plain)
            if scratch.stamp == 255:
                memset(scratch.stamps, 0, self._slots)
                scratch.stamp = 0
            scratch.stamp += 1
            count = _distinct(r.features, _hash(&r), self._shift - 32, table, scratch.stamps, scratch.stamp)
            _sum(table, r.features, count, &sums)
            if as_scores:
                self._judge(&sums, <float*>out + i * self._labels)
            else:
                memcpy(<int64_t*>out + i * (COLUMNS + 1), &sums, sizeof(Sums))

    cdef void _judge(self, const Sums* sums, float* out) noexcept nogil:
        cdef int c
        cdef double norm = sqrt(<double>(sums.columns[LABELS] + 256 * sums.columns[LABELS + 1]))
        cdef double logit
        for c in range(self._labels):
            logit = self._bias[c]
            if sums.count:
                logit += self._scale[c] * <double>(sums.columns[c] - 128 * sums.count) / norm
            out[c] = <float>(1.0 / (1.0 + exp(-logit)))

    cdef void _spell(self, Reader* r, const uint8_t* usual) noexcept nogil:
        """Spell a text as a line. ``usual`` holds the bytes that need no thought outside a mixed word: letters
        and breaks, or letters alone, so that white space and signs are told apart, which takes longer."""
        cdef const uint8_t* text = r.text
        cdef const uint8_t* plain = usual
        cdef uint8_t* line = r.line
        cdef uint8_t* runs = r.runs
        cdef uint8_t symbol, latest = c' '
        cdef uint32_t run = ONE
        cdef Py_ssize_t at = 0, last = 0, new
        runs[0] = ONE
        r.stars_end = 0
        r.mixed = r.look = False
        while True:
            symbol = plain[text[at]]
            while symbol:
                new = symbol != latest
                last += new
                run = 2 * run + <uint32_t>new
                line[last] = symbol
                runs[last] = <uint8_t>run
                latest = symbol
                at += 1
                symbol = plain[text[at]]
            r.last = last
            if at >= r.size:
                break
            at = self._step(r, at)
            last = r.last
            latest = line[last]
            run = runs[last]
            plain = usual
            if r.mixed:
                plain = self._mixed
        if r.mixed:
            _end_mixed(r)
        _append(r, c' ', 0)
        memset(line + r.last + 1, 0, PAD)
        if (r.look or _may_be_spaced(line, r.last)) and not _join(r, usual == self._letters):
            self._spell(r, self._letters)

    cdef Py_ssize_t _step(self, Reader* r, Py_ssize_t at) noexcept nogil:
        """Read one symbol, whatever it is; returns where the next one is."""
        cdef Py_ssize_t begin = at
        cdef uint8_t symbol = self._next(r.text, r.size, &at)
        cdef uint8_t role = ROLE[symbol]
        if symbol == SKIP:
            return at
        if role & (SYMBOL | STAR):
            role = self._role(role, r, at)
        if role == 0 and r.mixed:
            _end_mixed(r)
        if role == 0:
            _append(r, c' ', 0 if symbol == BREAK else SIGN)
        elif symbol != KEEP:
            _append(r, symbol, 0)
            r.mixed |= role != LETTER
        if symbol == OWN or symbol == KEEP:
            r.look = True
            if symbol == OWN:
                # a second space at both sides: no spaced-out word goes on here
                _append(r, c' ', 0)
            while begin < at:
                _append(r, r.text[begin], 0)
                begin += 1
            if symbol == OWN:
                _append(r, c' ', 0)
                _append(r, c' ', 0)
        return at

    cdef uint8_t _role(self, uint8_t role, Reader* r, Py_ssize_t at) noexcept nogil:
        """The role of a symbol or star before ``at``; 0 where it does not belong to a word."""
        cdef bint inside = r.line[r.last] != c' '
        if role & TAIL and inside:
            return role
        if role & SYMBOL:
            return role if ROLE[self._peek(r.text, r.size, &at)] & (LETTER | DIGIT) else 0
        if at > r.stars_end:
            r.stars_end = self._end_of_stars(r.text, r.size, at) if inside else 0
        return role if r.stars_end else 0

    cdef inline uint8_t _next(self, const uint8_t* text, Py_ssize_t size, Py_ssize_t* at) noexcept nogil:
        """The folded symbol at ``at``, which moves on by one code point."""
        cdef uint8_t lead = text[at[0]]
        cdef uint32_t point
        cdef int more
        at[0] += 1
        if lead < 0x80:
            return self._ascii[lead]
        more = 1 + (lead >= 0xE0) + (lead >= 0xF0)
        point = lead & (0x3F >> more)
        while more and at[0] < size:
            point = point << 6 | (text[at[0]] & 0x3F)
            at[0] += 1
            more -= 1
        return (<const uint8_t*>self._pages.buf)[
            (<const uint8_t*>self._index.buf)[point >> 8] * 256 + (point & 0xFF)]

    cdef uint8_t _peek(self, const uint8_t* text, Py_ssize_t size, Py_ssize_t* at) noexcept nogil:
        """The next symbol that is not SKIP, or BREAK at the end."""
        cdef uint8_t symbol
        while at[0] < size:
            symbol = self._next(text, size, at)
            if symbol != SKIP:
                return symbol
        return BREAK

    cdef Py_ssize_t _end_of_stars(self, const uint8_t* text, Py_ssize_t size, Py_ssize_t at) noexcept nogil:
        """Where the run of stars ends, or 0 where no letter or digit follows it."""
        cdef Py_ssize_t end = at
        cdef uint8_t symbol = c'*'
        while symbol == c'*':
            end = at
            symbol = self._peek(text, size, &at)
        return end if ROLE[symbol] & (LETTER | DIGIT) else 0


@cython.final
cdef class _Scratch:
    """What one thread writes to while it reads: stamps of the slots, and room for a line."""

    cdef uint8_t* stamps
    cdef uint8_t* line
    cdef uint8_t* runs
    cdef uint64_t* words
    cdef uint32_t* features
    cdef Py_ssize_t room
    cdef uint8_t stamp

    def __cinit__(self, Py_ssize_t slots):
        self.room = -1
        self.stamp = 0
        self.stamps = <uint8_t*>calloc(slots, 1)
        if self.stamps == NULL:
            raise MemoryError()

    cdef fit(self, Py_ssize_t size):
        """Room for a text of so many bytes."""
        cdef Py_ssize_t places
        if size <= self.room:
            return
        self._free()
        self.room = -1
        # a byte is a symbol or none, an emoji of s bytes takes s + 2, and a space stands at both ends
        places = 3 * size + 2
        self.line = <uint8_t*>malloc(places + 2 * PAD)
        self.runs = <uint8_t*>malloc(places + PAD)
        self.words = <uint64_t*>malloc((places // 2 + 1) * sizeof(uint64_t))
        self.features = <uint32_t*>malloc((places + 1) * sizeof(uint32_t))
        if self.line == NULL or self.runs == NULL or self.words == NULL or self.features == NULL:
            raise MemoryError()
        memset(self.line, c' ', PAD + 1)
        self.room = size

    cdef void _free(self) noexcept:
        free(self.line)
        free(self.runs)
        free(self.words)
        free(self.features)

    def __dealloc__(self):
        self._free()
        free(self.stamps)
