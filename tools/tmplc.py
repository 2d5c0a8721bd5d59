#!/usr/bin/env python3
"""The template compiler: HTML files to C functions, escaping by place. The language is described in docs/TEMPLATES.md.

    tmplc.py OUTDIR FILE...     writes OUTDIR/tmpl.h and OUTDIR/tmpl_NAME.c for every file (NAME is the file's stem)
    tmplc.py --names FILE...    prints the names of the C files it would write
"""
import os, re, sys

VOID = {'area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr'}
URL_ATTRS = {'href', 'src', 'action', 'formaction'}
RAW = {'script', 'style'}

class Error(Exception):
    pass

def c_string(s):
    out = []
    for ch in s.encode():
        c = chr(ch)
        if c == '\n':
            out.append('\\n')
        elif c in '"\\':
            out.append('\\' + c)
        elif ch < 0x20 or ch >= 0x7f:
            out.append('\\%03o' % ch)
        else:
            out.append(c)
    return '"' + ''.join(out) + '"'

def split_args(text):
    """'"msg {a}" a=x->y, ...' after the first string: name=expr pairs separated by spaces outside brackets and quotes."""
    args, depth, quote, cur, i = [], 0, None, '', 0
    while i < len(text):
        ch = text[i]
        if quote:
            cur += ch
            if ch == '\\':
                cur += text[i + 1]
                i += 1
            elif ch == quote:
                quote = None
        elif ch in '"\'':
            quote = ch
            cur += ch
        elif ch in '([{':
            depth += 1
            cur += ch
        elif ch in ')]}':
            depth -= 1
            cur += ch
        elif ch == ' ' and depth == 0:
            if cur:
                args.append(cur)
            cur = ''
        else:
            cur += ch
        i += 1
    if cur:
        args.append(cur)
    return args

STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')

class Page:
    def __init__(self, name, params, includes, line):
        self.name, self.params, self.includes, self.line = name, params, includes, line
        self.code, self.text, self.indent = [], '', 1

class Compiler:
    def __init__(self, path):
        self.path, self.pages, self.page = path, [], None
        self.src = open(path, encoding='utf-8').read()
        self.pos = 0
        self.reset()

    def reset(self):
        self.place, self.tag, self.attr, self.quote, self.value = 'text', '', '', None, ''
        self.stack, self.blocks, self.attrs, self.form_csrf = [], [], {}, []
        self.labels, self.inputs = set(), []

    def line(self):
        return self.src.count('\n', 0, self.pos) + 1

    def fail(self, msg):
        raise Error(f'{self.path}:{self.line()}: {msg}')

    # ---- output ----
    def flush(self):
        p = self.page
        if p and p.text:
            t = p.text
            p.text = ''
            p.code.append('\t' * p.indent + f'out_raw(o, {c_string(t)}, {len(t.encode())});')

    def emit(self, code):
        self.flush()
        self.page.code.append(f'#line {self.line()} "{self.path}"')
        self.page.code.append('\t' * self.page.indent + code)

    # ---- the HTML around expressions ----
    def open_tag(self):
        name = self.tag
        a = self.attrs
        if name == 'img' and 'alt' not in a:
            self.fail('an image needs alt')
        if name in ('input', 'textarea', 'select') and a.get('type') not in ('hidden', 'submit', 'button'):
            self.inputs.append((a.get('id'), 'aria-label' in a or 'aria-labelledby' in a or 'label' in self.stack, self.line()))
        if name == 'label' and 'for' in a:
            self.labels.add(a['for'])
        if name == 'form':
            self.form_csrf.append((a.get('method', 'get').lower() != 'post', self.line()))
        if name not in VOID:
            self.stack.append(name)

    def close_tag(self, name):
        if not self.stack and self.page.name.endswith('_foot'):
            return  # closes what its _head part opened
        if not self.stack or self.stack[-1] != name:
            self.fail(f'</{name}> closes <{self.stack[-1] if self.stack else "nothing"}>')
        self.stack.pop()
        if name == 'form':
            ok, line = self.form_csrf.pop()
            if not ok:
                self.fail(f'the form opened at line {line} posts without {{{{csrf}}}}')

    def end_attr(self):
        name = self.attr.lower()
        if name:
            if name.startswith('on') or name == 'style' or name.startswith('hx-'):
                self.fail(f'attribute {name} is not allowed in templates')
            self.attrs[name] = self.value
        self.attr, self.value = '', ''

    def html(self, text):
        """Advances the place over literal text."""
        for ch in text:
            self.page.text += ch
            p = self.place
            if p == 'text':
                if ch == '<':
                    self.place, self.tag, self.attrs = 'tagname', '', {}
            elif p == 'tagname':
                if ch == '!' and not self.tag:
                    self.place = 'decl'
                elif ch in ' \n\t>/' and (self.tag and self.tag != '/'):
                    self.tag = self.tag.lower()
                    self.place = 'tag'
                    if ch == '>':
                        self.end_of_tag()
                    elif ch == '/' and not self.tag.startswith('/'):
                        pass
                else:
                    self.tag += ch
            elif p == 'decl':
                if ch == '>':
                    self.place = 'text'
            elif p == 'tag':
                if ch == '>':
                    self.end_attr()
                    self.end_of_tag()
                elif ch in ' \n\t/':
                    self.end_attr()
                elif ch == '=':
                    self.place = 'eq'
                else:
                    self.attr += ch
            elif p == 'eq':
                if ch in '"\'':
                    self.quote, self.place, self.value = ch, 'value', ''
                else:
                    self.fail(f'attribute {self.attr} must be quoted')
            elif p == 'value':
                if ch == self.quote:
                    self.end_attr()
                    self.place = 'tag'
                else:
                    self.value += ch
            elif p == 'raw':
                self.rawbuf += ch
                if self.rawbuf.endswith(f'</{self.raw}>'):
                    self.place = 'text'
                    self.close_tag(self.raw)

    def end_of_tag(self):
        self.place = 'text'
        if self.tag.startswith('/'):
            self.close_tag(self.tag[1:])
            return
        self.open_tag()
        if self.tag in RAW:
            self.place, self.raw, self.rawbuf = 'raw', self.tag, ''

    # ---- expressions ----
    def writer(self):
        if self.place == 'text':
            return 'OUT_TEXT'
        if self.place == 'value':
            name = self.attr.lower()
            if name.startswith('on') or name == 'style':
                self.fail(f'no expressions in {name}')
            if name in URL_ATTRS:
                w = 'OUT_HREF' if not self.value else 'OUT_PART'
            else:
                w = 'OUT_ATTR'
            self.value += 'x'
            return w
        self.fail('an expression may stand in text or in a quoted attribute value')

    def fill(self, rest, plural):
        m = STRING.match(rest)
        if not m:
            self.fail('a translated text is a "string"')
        msg, rest = m.group(0), rest[m.end():].strip()
        many = None
        if plural:
            m = STRING.match(rest)
            if not m:
                self.fail('{{n_ "one" "many" n=...}}')
            many, rest = m.group(0), rest[m.end():].strip()
        pairs = []
        for a in split_args(rest):
            if '=' not in a:
                self.fail(f'{a}: arguments are name=expression')
            pairs.append(a.split('=', 1))
        names = set(re.findall(r'\{(\w+)\}', (msg + (many or ''))))
        if names - {k for k, _ in pairs}:
            self.fail(f'no value for {", ".join(sorted(names - {k for k, _ in pairs}))}')
        base = f'tr(o->lang, {msg})'
        if plural:
            n = dict(pairs).get('n')
            if n is None:
                self.fail('a plural needs n=')
            base = f'tr_n(o->lang, {msg}, {many}, (int64_t)({n}))'
        w = self.writer()
        if not pairs:
            self.emit(f'{w}(o, {base});')
            return
        args = ', '.join(f'{{ "{k}", TMPL_STR(_a, {v}) }}' for k, v in pairs)
        self.emit(f'{{ struct arena _a; arena_init(&_a); struct arena *_ap = &_a; (void)_ap; {w}(o, TR_FILL(&_a, {base}, {args})); arena_release(&_a); }}'.replace('TMPL_STR(_a,', 'TMPL_STR(_ap,'))

    def time(self, kind, expr):
        if self.place != 'text':
            self.fail('times stand in text')
        self.emit(f'tmpl_time(o, {expr}, {kind});')

    def directive(self, d):
        if d.startswith('!--'):
            return
        if d.startswith('!'):
            m = re.match(r'! page (\w+)\((.*?)\)((?:\s+include "[^"]+")*)\s*$', d, re.S)
            if not m:
                self.fail('the form is {{! page NAME(PARAMS) include "FILE"}}')
            self.finish()
            self.page = Page(m.group(1), m.group(2).strip(), re.findall(r'include "([^"]+)"', m.group(3)), self.line())
            self.pages.append(self.page)
            return
        if d.startswith('#if '):
            self.emit(f'if ({d[4:]}) {{')
            self.blocks.append(('if', list(self.stack), self.place))
            self.page.indent += 1
        elif d.startswith('#elif ') or d == '#else':
            if not self.blocks or self.blocks[-1][0] != 'if':
                self.fail('{{#else}} without {{#if}}')
            kind, stack, place = self.blocks[-1]
            if self.stack != stack or self.place != place:
                self.fail('a branch must close the tags it opens')
            self.flush()
            self.page.indent -= 1
            self.emit('} else {' if d == '#else' else f'}} else if ({d[6:]}) {{')
            self.page.indent += 1
        elif d.startswith('#each '):
            m = re.match(r'#each (\w+) in (\S+) (.+)$', d)
            if not m:
                self.fail('the form is {{#each VAR in ARRAY COUNT}}')
            v, arr, n = m.groups()
            self.emit(f'for (size_t {v}_i = 0; {v}_i < (size_t)({n}); {v}_i++) {{')
            self.page.indent += 1
            self.emit(f'const __typeof__(*({arr})) *{v} = &({arr})[{v}_i];')
            self.blocks.append(('each', list(self.stack), self.place))
        elif d.startswith('#let '):
            m = re.match(r'#let (\w+) = (.+)$', d)
            if not m:
                self.fail('the form is {{#let VAR = EXPR}}')
            self.emit(f'{{ const __typeof__({m.group(2)}) {m.group(1)} = {m.group(2)};')
            self.page.indent += 1
            self.blocks.append(('let', list(self.stack), self.place))
        elif d in ('/if', '/each', '/let'):
            if not self.blocks or self.blocks[-1][0] != d[1:]:
                self.fail(f'{{{{{d}}}}} closes nothing')
            _, stack, place = self.blocks.pop()
            if self.stack != stack or self.place != place:
                self.fail('a block must close the tags it opens')
            self.flush()
            self.page.indent -= 1
            self.emit('}')
        elif d.startswith('> '):
            m = re.match(r'> (\w+)\((.*)\)$', d, re.S)
            if not m:
                self.fail('the form is {{> NAME(ARGS)}}')
            args = m.group(2).strip()
            self.emit(f'tmpl_{m.group(1)}(o{", " + args if args else ""});')
        elif d.startswith('_ '):
            self.fill(d[2:].strip(), False)
        elif d.startswith('n_ '):
            self.fill(d[3:].strip(), True)
        elif d.startswith('date '):
            self.time('DATE_DAY', d[5:])
        elif d.startswith('minute '):
            self.time('DATE_MINUTE', d[7:])
        elif d.startswith('ago '):
            self.time('-1', d[4:])
        elif d == 'csrf':
            if not self.form_csrf:
                self.fail('{{csrf}} stands in a form')
            self.form_csrf[-1] = (True, self.form_csrf[-1][1])
            self.emit('tmpl_csrf(o);')
        elif d == 'once':
            self.emit('tmpl_once(o);')
        elif d.startswith('icon '):
            self.emit(f'tmpl_icon(o, {d[5:]});')
        elif d.startswith('crit '):
            self.emit(f'tmpl_crit_badge(o, {d[5:]});')
        elif d.startswith('asset '):
            self.value += 'x'
            self.emit(f'OUT_ATTR(o, asset_url({d[6:]}));')
        elif d.startswith('?'):
            m = re.match(r'\?([\w-]+) (.+)$', d, re.S)
            if not m or self.place != 'tag':
                self.fail('the form is {{?checked COND}} inside a tag')
            name = m.group(1)
            val = {'aria-current': ' aria-current="page"', 'aria-invalid': ' aria-invalid="true"'}.get(name, f' {name}')
            self.emit(f'if ({m.group(2)}) out_raw(o, {c_string(val)}, {len(val)});')
        elif re.match(r'[#/>!]', d):
            self.fail(f'what is {{{{{d}}}}}?')
        else:
            self.emit(f'{self.writer()}(o, {d});')

    def finish(self):
        if not self.page:
            return
        self.flush()
        if self.blocks:
            self.fail(f'{{{{#{self.blocks[-1][0]}}}}} is not closed')
        partial = self.page.name.endswith(('_head', '_foot'))
        if self.stack and not partial:
            self.fail(f'<{self.stack[-1]}> is not closed in {self.page.name}')
        for ident, ok, line in self.inputs:
            if not ok and (not ident or ident not in self.labels) and not (ident and '{{' in ident) and not partial:
                self.fail(f'the field at line {line} has no label')
        self.reset()

    def compile(self):
        head = True
        for part in re.finditer(r'\{\{(.*?)\}\}|((?:(?!\{\{).)+)', self.src, re.S):
            self.pos = part.start()
            if part.group(2) is None:
                self.directive(part.group(1).strip())
                continue
            text = part.group(2)
            if not self.page:
                if text.strip():
                    self.fail('text before the first {{! page}}')
                continue
            if self.place == 'text' and not any(t in ('pre', 'textarea') for t in self.stack):
                text = re.sub(r'[ \t]*\n\s*', '\n', text)
                if self.page.text.endswith('\n') or (not self.page.text and not self.page.code):
                    text = text.lstrip('\n')
            if self.place == 'text' and '<' not in text and '>' not in text:
                self.page.text += text
            else:
                self.html(text)
        self.pos = len(self.src) - 1
        self.finish()

def stem(path):
    return re.sub(r'\W', '_', os.path.splitext(os.path.basename(path))[0])

def main():
    if sys.argv[1] == '--names':
        print('\n'.join('tmpl_' + stem(p) + '.c' for p in sys.argv[2:]))
        return
    outdir, files = sys.argv[1], sys.argv[2:]
    protos, includes = [], []
    for path in files:
        c = Compiler(path)
        c.compile()
        with open(os.path.join(outdir, f'tmpl_{stem(path)}.c'), 'w') as f:
            f.write('/* Generated by tools/tmplc.py. */\n#include "tmpl.h"\n\n')
            for p in c.pages:
                params = f', {p.params}' if p.params else ''
                proto = f'void tmpl_{p.name}(struct out *o{params})'
                protos.append(proto + ';')
                includes += [i for i in p.includes if i not in includes]
                f.write(f'{proto}\n{{\n' + '\n'.join(p.code) + '\n}\n\n')
    with open(os.path.join(outdir, 'tmpl.h'), 'w') as f:
        f.write('/* Generated by tools/tmplc.py: one function a page. */\n#pragma once\n#include "web/tmpl_rt.h"\n')
        f.write(''.join(f'#include "{i}"\n' for i in includes) + '\n' + '\n'.join(protos) + '\n')

try:
    main()
except Error as e:
    sys.exit(str(e))
