# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The compiled kernel of nano: one pass over the UTF-8 bytes of each text, no Python object per word.

``ngrams.py`` is its specification, step by step and constant by constant; this file says only what is
particular to doing it in one pass. A word is gathered in a buffer, and hashed when it ends. One-character
words wait in a second buffer until it is known whether they are a spaced-out word. Rows of the table are
summed as eight 16-bit lanes in two 64-bit numbers, which are emptied before they can overflow. A slot that
a text has met already is known by a stamp, a byte that changes from text to text.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.math cimport exp, sqrt
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
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
    SHORT = 512    # bytes of a single text that are read sooner than the lock is handed over and back
    # roles of a folded symbol in a word
    LETTER = 1
    DIGIT = 2
    SYMBOL = 4     # belongs to a word where a letter or digit follows
    TAIL = 8       # also where one stands before
    STAR = 16      # where letters or digits stand on both sides of its run

cdef uint8_t ROLE[256]
cdef uint8_t LEET[256]


cdef void _fill_tables() noexcept:
    cdef int c
    cdef const char* digits = "013456789@$!|+"
    cdef const char* letters = "oieasgtbgasiit"
    for c in range(256):
        ROLE[c] = 0
        LEET[c] = c
    for c in range(c'a', c'z' + 1):
        ROLE[c] = LETTER
    ROLE[KEEP] = LETTER
    for c in range(c'0', c'9' + 1):
        ROLE[c] = DIGIT
    for c in range(14):
        LEET[<uint8_t>digits[c]] = letters[c]
    for c in range(9, 14):
        ROLE[<uint8_t>digits[c]] = SYMBOL
    ROLE[c'@'] = ROLE[c'$'] = SYMBOL | TAIL
    ROLE[c'*'] = STAR


_fill_tables()


cdef struct Word:
    # a word while its symbols arrive
    uint32_t* first        # its features: itself, itself after its predecessor, its 4-grams
    uint32_t* last         # where the next one goes
    uint64_t hash          # of the symbols: a term for each run, another one where it is a double letter
    uint32_t key           # the last four symbols, runs cut to one, the latest one on top
    uint32_t run           # how many equal ones stand before the latest one
    uint8_t symbol         # the latest one


cdef struct Reader:
    # one text being read; every thread has its own
    uint32_t* features     # hashes of the features found so far, not yet distinct
    uint8_t* word          # bytes of the word being gathered
    uint8_t* waiting       # bytes of one-character words that may be a spaced-out word
    uint32_t* end          # behind the last of them
    Py_ssize_t waiting_size
    Py_ssize_t waiting_split
    uint64_t previous      # hash of the word before
    int waiting_words
    bint waiting_blank     # whether white space is between them, or another sign
    bint has_previous


cdef struct Sums:
    int64_t columns[COLUMNS]
    int64_t count


cdef inline uint32_t _scatter(uint64_t h) noexcept nogil:
    h *= MIX
    return <uint32_t>(((h ^ (h >> 32)) * MIX) >> 32)


cdef inline void _open(Word* w, const Reader* r) noexcept nogil:
    w.first = r.end
    w.last = r.end
    w.hash = 0
    w.key = <uint32_t>c' ' << 24
    w.symbol = 0
    w.run = 0


cdef inline void _push(Word* w, uint8_t symbol) noexcept nogil:
    """One more symbol of a word; without a branch, since this is where the time goes.

    The first two symbols do not fill a 4-gram yet: what they write is replaced when the word ends.
    """
    cdef bint same = symbol == w.symbol
    cdef uint32_t key = w.key >> 8 | <uint32_t>symbol << 24
    cdef uint64_t x, twice
    w.key = w.key if same else key
    w.run = w.run + 1 if same else 0
    w.symbol = symbol
    x = w.key * MIX
    # a second equal symbol makes a double letter, a third one unmakes it
    twice = x * PAIR if w.run == 1 else 0 - x * PAIR if w.run == 2 else 0
    w.hash += twice if same else (x >> 32) * x
    w.last[0] = <uint32_t>(x >> 32)
    w.last += not same


cdef inline void _close(Word* w, Reader* r) noexcept nogil:
    """The features that a word's end brings: its last 4-gram, itself, and itself after its predecessor."""
    w.last[0] = <uint32_t>(((w.key >> 8 | <uint32_t>c' ' << 24) * MIX) >> 32)
    r.end = max(w.last + 1, w.first + 2)
    w.first[0] = _scatter(w.hash)
    w.first[1] = _scatter(r.previous * PAIR + w.hash) if r.has_previous else w.first[0]
    r.previous = w.hash
    r.has_previous = True


cdef void _unleet(uint8_t* word, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t i
    cdef bint has_letter = False
    for i in range(size):
        if ROLE[word[i]] & LETTER or word[i] >= 0x80:
            has_letter = True
    for i in range(size):
        if has_letter:
            word[i] = LEET[word[i]]
        elif ROLE[word[i]] & DIGIT:
            word[i] = c'0'


cdef void _add_word(Reader* r, const uint8_t* word, Py_ssize_t size) noexcept nogil:
    """The features of a word that lies in a buffer."""
    cdef Word w
    cdef Py_ssize_t i
    _open(&w, r)
    for i in range(size):
        _push(&w, word[i])
    _close(&w, r)


cdef void _flush_waiting(Reader* r) noexcept nogil:
    if r.waiting_words >= SPACED:
        _unleet(r.waiting, r.waiting_size)
        _add_word(r, r.waiting, r.waiting_size)
    elif r.waiting_words:
        _unleet(r.waiting, r.waiting_split)
        _add_word(r, r.waiting, r.waiting_split)
        if r.waiting_words == 2:
            _unleet(r.waiting + r.waiting_split, r.waiting_size - r.waiting_split)
            _add_word(r, r.waiting + r.waiting_split, r.waiting_size - r.waiting_split)
    r.waiting_words = 0
    r.waiting_size = 0


cdef void _wait(Reader* r, Py_ssize_t size, Py_ssize_t gap, bint blank) noexcept nogil:
    """Keep a one-character word, which may belong to a spaced-out one.

    ``gap`` breaks stand before it, the last of them white space or not.
    """
    if gap != 1 or (r.waiting_words > 1 and blank != r.waiting_blank):
        _flush_waiting(r)
    memcpy(r.waiting + r.waiting_size, r.word, size)
    r.waiting_size += size
    r.waiting_words += 1
    if r.waiting_words == 1:
        r.waiting_split = size
    elif r.waiting_words == 2:
        r.waiting_blank = blank


cdef Py_ssize_t _distinct(uint32_t* features, const uint32_t* end, int shift, const uint8_t* table,
                          uint8_t* stamps, uint8_t stamp) noexcept nogil:
    """Make slots of the features, each once; returns how many. Their rows are on their way from memory then."""
    cdef const uint32_t* feature = features
    cdef Py_ssize_t count = 0
    cdef uint32_t slot
    cdef uint8_t old
    while feature < end:
        slot = feature[0] >> shift
        feature += 1
        old = stamps[slot]
        stamps[slot] = stamp
        prefetch(table + <size_t>slot * COLUMNS)
        features[count] = slot
        count += old != stamp
    return count


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
    cdef uint8_t _letter[256]  # the folded letter of a byte that is one by itself, else 0
    cdef uint8_t _ends[256]    # whether a byte is by itself the end of a word: 1 white space, 2 another sign

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
            self._letter[c] = self._ascii[c & 127] if c < 128 and ROLE[self._ascii[c & 127]] == LETTER else 0
            self._ends[c] = 0
            if c < 128 and self._ascii[c & 127] in (BREAK, MARK):
                self._ends[c] = 1 if self._ascii[c & 127] == BREAK else 2
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
        cdef Py_ssize_t i, longest = 0
        cdef const char** starts
        cdef Py_ssize_t* sizes
        cdef list alive  # keeps the texts in place while other threads run
        cdef _Scratch scratch
        cdef Py_buffer view
        cdef const char* one_start
        cdef Py_ssize_t one_size
        if n == 1:
            starts, sizes = &one_start, &one_size
        else:
            starts = <const char**>PyMem_Malloc((n + 1) * sizeof(char*))
            sizes = <Py_ssize_t*>PyMem_Malloc((n + 1) * sizeof(Py_ssize_t))
        try:
            if starts == NULL or sizes == NULL:
                raise MemoryError()
            alive = texts[:]
            for i in range(n):
                text = alive[i]
                if not isinstance(text, str) or PyUnicode_GetLength(text) > self._window:
                    return None
                try:
                    starts[i] = PyUnicode_AsUTF8AndSize(text, &sizes[i])
                except UnicodeEncodeError:
                    text = alive[i] = text.encode("utf-8", "replace").decode()
                    starts[i] = PyUnicode_AsUTF8AndSize(text, &sizes[i])
                longest = max(longest, sizes[i])
            if as_scores:
                out = self._empty(self._one if n == 1 else (n, self._labels))
            else:
                out = bytearray(n * (COLUMNS + 1) * sizeof(int64_t))
            # whoever takes the scratch leaves none to other threads, which make their own
            scratch, self._scratch = self._scratch, None
            if scratch is None:
                scratch = _Scratch(self._slots)
            scratch.fit(longest)
            PyObject_GetBuffer(out, &view, PyBUF_WRITABLE)
            if n == 1 and longest <= SHORT:
                self._read_all(scratch, starts, sizes, n, view.buf, as_scores)
            else:
                with nogil:
                    self._read_all(scratch, starts, sizes, n, view.buf, as_scores)
            PyBuffer_Release(&view)
            self._scratch = scratch
            return out
        finally:
            if n != 1:
                PyMem_Free(starts)
                PyMem_Free(sizes)

    cdef void _read_all(self, _Scratch scratch, const char** starts, Py_ssize_t* sizes, Py_ssize_t n,
                        void* out, bint as_scores) noexcept nogil:
        cdef Reader r
        cdef Sums sums
        cdef Py_ssize_t i, count
        cdef const uint8_t* table = <const uint8_t*>self._table.buf
        r.features = scratch.features
        r.word = scratch.word
        r.waiting = scratch.waiting
        for i in range(n):
            r.end = r.features
            r.waiting_size = 0
            r.waiting_words = 0
            r.previous = 0
            r.has_previous = False
            self._read(&r, <const uint8_t*>starts[i], sizes[i])
            if scratch.stamp == 255:
                memset(scratch.stamps, 0, self._slots)
                scratch.stamp = 0
            scratch.stamp += 1
            count = _distinct(r.features, r.end, self._shift - 32, table, scratch.stamps, scratch.stamp)
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

    cdef void _read(self, Reader* r, const uint8_t* text, Py_ssize_t size) noexcept nogil:
        """Find the features of a text. Words of ASCII letters are hashed as they are read; a word with
        anything else in it is gathered, and hashed from the buffer when it ends."""
        cdef Py_ssize_t at = 0, begin, mark = 0, length = 0, points = 0, gap = 0, stars_end = 0
        cdef uint8_t symbol, role
        cdef bint plain = True, blank = True
        cdef Word w
        _open(&w, r)
        while True:
            while at < size:
                symbol = self._letter[text[at]]
                if not symbol:
                    break
                at += 1
                _push(&w, symbol)
            if plain and at - mark > 1 and (at == size or self._ends[text[at]]) and not r.waiting_words:
                _close(&w, r)
                blank = self._ends[text[at]] == 1
                at += 1
                mark = at
                length = points = 0
                gap = 1
                _open(&w, r)
                continue
            # what stands from mark to here are letters, which the buffer has not got yet
            points += at - mark
            while mark < at:
                r.word[length] = self._letter[text[mark]]
                length += 1
                mark += 1
            begin = at
            symbol = role = BREAK
            if at < size:
                symbol = self._next(text, size, &at)
                role = self._role(symbol, text, size, at, length, &stars_end)
            mark = at
            if role:
                plain = False
                points += 1
                if symbol == KEEP:
                    memcpy(r.word + length, text + begin, at - begin)
                    length += at - begin
                else:
                    r.word[length] = symbol
                    length += 1
                continue
            if symbol == SKIP:
                continue
            if length:
                if points > 1 and plain and not r.waiting_words:
                    _close(&w, r)
                else:
                    self._end_mixed(r, length, points, gap, blank, plain)
                length = points = gap = 0
                plain = True
            elif begin >= size:
                break
            if symbol == OWN:
                _flush_waiting(r)
                _add_word(r, text + begin, at - begin)
                gap = 0
            else:
                gap += 1
                blank = symbol == BREAK
            _open(&w, r)
        _flush_waiting(r)

    cdef void _end_mixed(self, Reader* r, Py_ssize_t length, Py_ssize_t points, Py_ssize_t gap,
                         bint blank, bint plain) noexcept nogil:
        """End a word that was not hashed as it was read; what was found of it is not, since ``r.end`` has not moved."""
        if points == 1:
            _wait(r, length, gap, blank)
            return
        _flush_waiting(r)
        if not plain:
            _unleet(r.word, length)
        _add_word(r, r.word, length)

    cdef inline uint8_t _role(self, uint8_t symbol, const uint8_t* text, Py_ssize_t size, Py_ssize_t at,
                              Py_ssize_t length, Py_ssize_t* stars_end) noexcept nogil:
        """The role of a symbol in the word before ``at``, of ``length`` bytes; 0 where it ends it."""
        cdef uint8_t role = ROLE[symbol]
        if role & SYMBOL and not (role & TAIL and length):
            return role if ROLE[self._peek(text, size, &at)] & (LETTER | DIGIT) else 0
        if role == STAR and at > stars_end[0]:
            stars_end[0] = self._end_of_stars(text, size, at) if length else 0
            return role if stars_end[0] else 0
        return role

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
    """What one thread writes to while it reads: stamps of the slots, and room for a word."""

    cdef uint8_t* stamps
    cdef uint32_t* features
    cdef uint8_t* word
    cdef uint8_t* waiting
    cdef Py_ssize_t room
    cdef uint8_t stamp

    def __cinit__(self, Py_ssize_t slots):
        self.stamps = <uint8_t*>malloc(slots)
        if self.stamps == NULL:
            raise MemoryError()
        memset(self.stamps, 0, slots)
        self.stamp = 0
        self.room = 0

    cdef fit(self, Py_ssize_t size):
        """Room for a text of so many bytes."""
        if size <= self.room and self.word != NULL:
            return
        free(self.features)
        free(self.word)
        free(self.waiting)
        self.room = 0
        # a word of s bytes has at most s + 1 features, and takes s + 1 bytes, or 2 at least if it is an emoji
        self.features = <uint32_t*>malloc((2 * size + 8) * sizeof(uint32_t))
        self.word = <uint8_t*>malloc(size + 8)
        self.waiting = <uint8_t*>malloc(size + 8)
        if self.features == NULL or self.word == NULL or self.waiting == NULL:
            raise MemoryError()
        self.room = size

    def __dealloc__(self):
        free(self.stamps)
        free(self.features)
        free(self.word)
        free(self.waiting)
