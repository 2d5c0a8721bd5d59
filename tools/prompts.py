#!/usr/bin/env python3
"""Renders what the telephone line says: prompts.py TABLE.c BYTES.bin PROMPTS.txt

Each text of PROMPTS.txt, in each language, by the command-line synthesiser espeak-ng; brought to 8 kHz by a windowed
sinc, to G.711 mu-law, one after the other in BYTES; TABLE says where each lies. Without espeak-ng the clips are short
tones: the line works and says nothing, and `carrel phone prompts` tells so."""
import array, io, math, operator, shutil, subprocess, sys, wave

RATE = 8000
VOICES = ('en', 'es-419')
NUMBERS = (('zero', 'cero'), ('one', 'uno'), ('two', 'dos'), ('three', 'tres'), ('four', 'cuatro'), ('five', 'cinco'),
           ('six', 'seis'), ('seven', 'siete'), ('eight', 'ocho'), ('nine', 'nueve'))


def texts(path):
    rows = [(str(i), *n) for i, n in enumerate(NUMBERS)]
    for line in open(path, encoding='utf-8'):
        if line.strip() and not line.startswith('#'):
            rows.append(tuple(p.strip() for p in line.split('|')))
    return rows


def resample(v, rate):
    """Windowed sinc, 24 zero crossings a side at most; the filters of all phases are computed once."""
    g = math.gcd(rate, RATE)
    up, down = RATE // g, rate // g
    cut = 0.9 * min(1.0, RATE / rate)
    half = 24
    phases = []
    for ph in range(up):
        frac = (ph * down % up) / up
        taps = []
        for k in range(-half, half + 1):
            x = (k - frac) * cut
            w = 0.5 + 0.5 * math.cos(math.pi * (k - frac) / (half + 1))
            taps.append(cut * w * (1.0 if abs(x) < 1e-9 else math.sin(math.pi * x) / (math.pi * x)))
        phases.append(taps)
    padded = [0] * half + list(v) + [0] * (half + 1)
    out = []
    for i in range(len(v) * up // down):
        at = i * down // up
        s = sum(map(operator.mul, phases[i % up], padded[at:at + 2 * half + 1]))
        out.append(max(-32768, min(32767, int(s))))
    return out


def ulaw(s):
    mask = 0xff
    if s < 0:
        s, mask = -s, 0x7f
    s = min(s, 32635) + 0x84
    seg = (s >> 8).bit_length()
    return ((seg << 4) | ((s >> (seg + 3)) & 15)) ^ mask


def spoken(program, text, voice):
    if not program:
        return bytes(ulaw(int(3000 * math.sin(i * 2 * math.pi * 600 / RATE))) for i in range(1600))
    raw = subprocess.run([program, '-v', voice, '-s', '150', '-w', '/dev/stdout', text], check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(raw)) as w:
        rate = w.getframerate()
        v = array.array('h', raw[44:len(raw) & ~1])
    return bytes(ulaw(s) for s in resample(v, rate)) + bytes([0xff] * 800)


def main():
    table, data, source = sys.argv[1:4]
    program = shutil.which('espeak-ng')
    rows, blob, places = texts(source), bytearray(), []
    for n in range(len(VOICES)):
        for row in rows:
            clip = spoken(program, row[1 + n], VOICES[n])
            places.append((len(blob), len(clip)))
            blob += clip
    open(data, 'wb').write(blob)

    def c(s):
        return '"' + ''.join(ch if 32 <= ord(ch) < 127 and ch not in '"\\' else ''.join('\\%03o' % b for b in ch.encode())
                             for ch in s) + '"'
    with open(table, 'w', encoding='utf-8') as f:
        f.write('/* Made by tools/prompts.py. */\n#include "phone/prompt_private.h"\n')
        f.write('__asm__(".section .rodata\\n.global prompt_bytes\\n.type prompt_bytes, @object\\nprompt_bytes:\\n.incbin \\"%s\\"\\n'
                '.size prompt_bytes, . - prompt_bytes\\n.byte 0\\n.previous\\n");\n' % data)
        f.write('const char *const prompt_names[CLIPS] = {%s, "beep", "ringing"};\n' % ', '.join(c(r[0]) for r in rows))
        f.write('const char *const prompt_texts[PROMPT_LANGS][CLIP_SPOKEN] = {\n')
        for n in range(len(VOICES)):
            f.write('{%s},\n' % ',\n'.join(c(r[1 + n]) for r in rows))
        f.write('};\nconst struct prompt_place prompt_places[PROMPT_LANGS][CLIP_SPOKEN] = {\n')
        for n in range(len(VOICES)):
            f.write('{%s},\n' % ', '.join('{%d, %d}' % p for p in places[n * len(rows):(n + 1) * len(rows)]))
        f.write('};\n')


main()
