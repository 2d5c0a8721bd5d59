#!/usr/bin/env python3
"""The template compiler: HTML files to C functions, escaping by place. The language is described in docs/TEMPLATES.md.

    tmplc.py OUTDIR FILE...     writes OUTDIR/tmpl.h and OUTDIR/tmpl_DIR_NAME.c for every file
    tmplc.py --names FILE...    prints the names of the C files it would write
    tmplc.py --check FILE...    only compiles

It knows at every {{...}} in which place of the HTML it stands, and refuses what cannot be escaped there or what a page
must not have (handlers, inline style, fields without label, forms without csrf). Errors are FILE:LINE: MESSAGE.
"""
import os, re, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VOID = {'area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr'}
URL_ATTRS = {'href', 'src', 'action', 'formaction', 'poster', 'cite', 'data', 'xlink:href'}
NO_EXPR = {'style', 'srcdoc', 'srcset', 'ping', 'http-equiv', 'content'}  # more than one grammar inside: no escaping fits
RAW = {'script', 'style'}
KEEP_SPACE = {'pre', 'textarea'}
ONLY_TEXT = {'title', 'textarea', 'option'}  # no markup inside
BANNED_TAGS = {'base', 'object', 'embed', 'applet', 'iframe', 'frame', 'style', 'font', 'center', 'marquee'}
NO_LABEL = {'hidden', 'submit', 'button', 'reset', 'image'}
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Error(Exception):
    pass


def c_string(s):
    """A C string literal of the bytes of s."""
    out = []
    for ch in s.encode():
        c = chr(ch)
        if c == '\n':
            out.append('\\n')
        elif c in '"\\':
            out.append('\\' + c)
        elif c == '?' and out and out[-1] == '?':
            out.append('\\?')  # no trigraphs
        elif ch < 0x20 or ch >= 0x7f:
            out.append('\\%03o' % ch)
        else:
            out.append(c)
    return '"' + ''.join(out) + '"'


def split_args(text):
    """'a=x->y b="two words" c=f(1, 2)' split at white space outside brackets and quotes."""
    args, depth, quote, cur, i = [], 0, None, '', 0
    while i < len(text):
        ch = text[i]
        if quote:
            if ch == '\\':
                cur += ch
                i += 1
                ch = text[i:i + 1]
            elif ch == quote:
                quote = None
        elif ch in '"\'':
            quote = ch
        elif ch in '([{':
            depth += 1
        elif ch in ')]}':
            depth -= 1
        elif ch.isspace() and depth == 0:
            if cur:
                args.append(cur)
            cur = ''
            i += 1
            continue
        cur += ch
        i += 1
    return args + ([cur] if cur else [])


def find_end(src, at):
    """Where the }} of the {{ at `at` stands, C strings and characters passed over; -1 when there is none."""
    if src.startswith('{{!--', at):
        end = src.find('--}}', at)
        return end + 2 if end >= 0 else -1
    i, quote = at + 2, None
    while i < len(src):
        ch = src[i]
        if quote:
            if ch == '\\':
                i += 1
            elif ch == quote:
                quote = None
            elif ch == '\n':
                return -1
        elif ch in '"\'':
            quote = ch
        elif src.startswith('}}', i):
            return i
        i += 1
    return -1


class Page:
    def __init__(self, name, params, includes, line):
        self.name, self.params, self.includes, self.line = name, params, includes, line
        self.code, self.text, self.indent = [], '', 1
        self.partial = name.endswith(('_head', '_foot'))


class Place:
    """Where in the HTML the compiler is."""
    def __init__(self):
        self.where, self.tag, self.attr, self.quote, self.value = 'text', '', '', '', ''
        self.attrs, self.stack = {}, []

    def copy(self):
        p = Place()
        p.__dict__.update(self.__dict__)
        p.attrs, p.stack = dict(self.attrs), list(self.stack)
        return p

    def same(self, other):
        return (self.where, self.stack, self.attr) == (other.where, other.stack, other.attr) and \
            (self.where == 'text' or self.tag == other.tag)


class Block:
    def __init__(self, kind, place, line):
        self.kind, self.start, self.line, self.ends, self.has_else = kind, place, line, [], False


class Compiler:
    def __init__(self, path, src=None):
        self.path = os.path.relpath(os.path.abspath(path), ROOT)
        if self.path.startswith('..'):
            self.path = os.path.basename(path)
        if src is None:
            with open(path, encoding='utf-8') as f:
                src = f.read()
        self.src = src
        self.pages, self.page, self.pos, self.left_open, self.closed = [], None, 0, {}, set()
        self.reset()

    def reset(self):
        self.place, self.blocks, self.forms = Place(), [], []
        self.labels, self.inputs, self.last = set(), [], '\n'

    def line(self):
        return self.src.count('\n', 0, self.pos) + 1

    def fail(self, msg, line=None):
        raise Error(f'{self.path}:{line or self.line()}: {msg}')

    # ---- output ----
    def write(self, s):
        self.page.text += s
        self.last = s[-1] if s else self.last

    def flush(self):
        p = self.page
        if p.text:
            p.code.append('\t' * p.indent + f'out_raw(o, {c_string(p.text)}, {len(p.text.encode())});')
            p.text = ''

    def emit(self, code, value=False):
        self.flush()
        self.page.code.append(f'#line {self.line()} "{self.path}"')
        self.page.code.append('\t' * self.page.indent + code)
        if value:
            self.last = 'x'

    # ---- the HTML around expressions ----
    def open_tag(self):
        p, a = self.place, self.place.attrs
        name = p.tag
        if name in BANNED_TAGS:
            self.fail(f'<{name}> has no place in a template')
        if name == 'script' and 'src' not in a:
            self.fail('no inline scripts: the content security policy forbids them')
        if name == 'img' and 'alt' not in a:
            self.fail('an image needs alt')
        if a.get('target') == '_blank' and 'noopener' not in a.get('rel', ''):
            self.fail('target="_blank" needs rel="noopener"')
        if name in ('input', 'textarea', 'select') and a.get('type') not in NO_LABEL:
            named = 'aria-label' in a or 'aria-labelledby' in a or 'label' in p.stack
            self.inputs.append((a.get('id'), named, self.line()))
        if name == 'label' and 'for' in a:
            self.labels.add(a['for'])
        if name == 'form':
            if 'form' in p.stack:
                self.fail('a form in a form')
            method = a.get('method', 'get').lower()
            if method not in ('get', 'post'):
                self.fail('the method of a form is get or post')
            self.forms.append([method != 'post', self.line(), len(self.blocks)])
        if name not in VOID:
            p.stack.append(name)

    def close_tag(self, name):
        stack = self.place.stack
        if not stack or stack[-1] != name:
            self.fail(f'</{name}> closes {"<" + stack[-1] + ">" if stack else "nothing"}')
        stack.pop()
        if name == 'form' and self.forms:
            ok, line, _ = self.forms.pop()
            if not ok:
                self.fail('the form posts without {{csrf}}', line)

    def end_attr(self):
        p = self.place
        name = p.attr.lower()
        if name:
            if name.startswith('on') or name == 'style' or name.startswith('hx-') or name == 'srcdoc':
                self.fail(f'attribute {name} is not allowed in templates')
            if name in p.attrs:
                self.fail(f'attribute {name} stands twice')
            p.attrs[name] = p.value
        p.attr, p.value = '', ''

    def html(self, text):
        """Advances the place over literal text."""
        start = self.pos
        for i, ch in enumerate(text):
            self.pos = start + i
            getattr(self, 'in_' + self.place.where)(ch)

    def in_text(self, ch):
        p = self.place
        if ch == '<':
            p.where, p.tag, p.attrs = 'tagname', '', {}
        elif ch in ' \t\n' and not KEEP_SPACE & set(p.stack):
            # A run of white space with a line end in it is one line end; others are one blank.
            t = self.page.text
            if self.last in ' \n':
                if ch == '\n' and self.last == ' ' and t.endswith(' '):
                    self.page.text = t[:-1]
                    self.write('\n')
                return
            ch = '\n' if ch == '\n' else ' '
        self.write(ch)

    def in_tagname(self, ch):
        p = self.place
        self.write(' ' if ch in '\n\t' else ch)
        if ch == '!' and not p.tag:
            p.where = 'decl'
            p.tag = '!'
        elif ch in ' \n\t>' and p.tag not in ('', '/'):
            p.tag, p.where = p.tag.lower(), 'tag'
            if ch == '>':
                self.end_of_tag()
        elif ch.isalnum() or ch == '-' or (ch == '/' and not p.tag):
            p.tag += ch
        else:
            self.fail(f'<{p.tag}{ch} is no tag; write &lt; for the sign')

    def in_decl(self, ch):
        p = self.place
        self.write(ch)
        p.tag += ch
        if p.tag == '!--':
            p.where = 'comment'
            self.page.text = self.page.text[:-4]  # comments are for us, not for readers
            self.last = self.page.text[-1:] or 'x'
        elif ch == '>':
            p.where = 'text'

    def in_comment(self, ch):
        self.place.tag += ch
        if self.place.tag.endswith('-->') and len(self.place.tag) >= 6:
            self.place.where = 'text'

    def in_tag(self, ch):
        p = self.place
        if ch in ' \n\t':
            self.end_attr()
            if not self.page.text.endswith(' '):
                self.write(' ')
            return
        self.write(ch)
        if ch == '>':
            self.end_attr()
            self.end_of_tag()
        elif ch == '/':
            self.end_attr()
        elif ch == '=':
            if not p.attr:
                self.fail('"=" without an attribute')
            p.where = 'eq'
        elif re.match(r'[\w:-]', ch):
            p.attr += ch
        else:
            self.fail(f'"{ch}" in a tag')

    def in_eq(self, ch):
        p = self.place
        if ch not in '"\'':
            self.fail(f'the value of {p.attr} must be quoted')
        self.write(ch)
        p.quote, p.where, p.value = ch, 'value', ''

    def in_value(self, ch):
        p = self.place
        self.write(ch)
        if ch == p.quote:
            self.end_attr()
            p.where = 'tag'
        elif ch == '<':
            self.fail(f'"<" in attribute {p.attr}: is a quote missing?')
        else:
            p.value += ch

    def in_raw(self, ch):
        p = self.place
        self.write(ch)
        p.value += ch
        if p.value.endswith(f'</{p.tag}>'):
            if p.value[:-len(p.tag) - 3].strip():
                self.fail(f'<{p.tag}> must be empty')
            p.where, p.value = 'text', ''
            self.close_tag(p.tag)

    def end_of_tag(self):
        p = self.place
        p.where = 'text'
        if p.tag.startswith('/'):
            self.close_tag(p.tag[1:])
            return
        self.open_tag()
        if p.tag in RAW:
            p.where, p.value = 'raw', ''

    # ---- expressions ----
    def writer(self, source):
        p = self.place
        if p.where == 'text':
            return 'OUT_TEXT'
        if p.where == 'value':
            name = p.attr.lower()
            named = name == 'content' and p.tag == 'meta' and {'name', 'property'} & set(p.attrs)  # a description: plain text
            if name.startswith('on') or (name in NO_EXPR and not named):
                self.fail(f'no expressions in attribute {name}')
            w = 'OUT_ATTR'
            if name in URL_ATTRS:
                w = 'OUT_PART' if p.value else 'OUT_HREF'
            p.value += '{{' + source + '}}'
            return w
        where = {'tagname': 'a tag\'s name', 'tag': 'a tag (write name="{{...}}" or {{?name COND}})', 'eq': 'an unquoted attribute',
                 'raw': f'<{p.tag}>', 'comment': 'a comment', 'decl': 'a declaration'}[p.where]
        self.fail(f'no expressions in {where}')

    def markup_only(self, what):
        if self.place.where != 'text' or ONLY_TEXT & set(self.place.stack[-1:]):
            self.fail(f'{{{{{what}}}}} writes markup: it stands between tags only')

    def fill(self, d, rest, plural):
        m = STRING.match(rest)
        if not m:
            self.fail('a translated text is a "string"')
        msg, rest = m.group(0), rest[m.end():].strip()
        many = None
        if plural:
            m = STRING.match(rest)
            if not m:
                self.fail('the form is {{n_ "one" "many" n=EXPR}}')
            many, rest = m.group(0), rest[m.end():].strip()
        pairs = []
        for a in split_args(rest):
            m = re.match(r'(\w+)=(.+)$', a, re.S)
            if not m:
                self.fail(f'{a}: arguments are name=expression, without blanks around "="')
            pairs.append(m.groups())
        names = set(re.findall(r'\{(\w+)\}', msg + (many or '')))
        missing = sorted(names - {k for k, _ in pairs})
        if missing:
            self.fail(f'no value for {{{missing[0]}}}')
        base = f'tr(o->lang, {msg})'
        if plural:
            n = dict(pairs).get('n')
            if n is None:
                self.fail('a plural needs n=EXPR')
            base = f'tr_n(o->lang, {msg}, {many}, (int64_t)({n}))'
        w = self.writer(d)
        pairs = [(k, v) for k, v in pairs if k in names]
        if not pairs:
            self.emit(f'{w}(o, {base});', True)
            return
        args = ', '.join(f'{{ "{k}", TMPL_STR(_ap, {v}) }}' for k, v in pairs)
        self.emit('{ struct arena _a, *_ap = &_a; arena_init(_ap); '
                  f'{w}(o, TR_FILL(_ap, {base}, {args})); arena_release(_ap); }}', True)

    # ---- directives ----
    def directive(self, d):
        if d.startswith('!--'):
            return
        if d.startswith('!'):
            self.section(d)
            return
        if not self.page:
            self.fail('{{' + d + '}} before the first {{! page}}')
        if self.place.where == 'tag':
            self.end_attr()
        if d[0] in '#/':
            self.block(d)
        elif d.startswith('?'):
            self.toggle(d)
        elif d.startswith('>'):
            m = re.match(r'>\s*(\w+)\((.*)\)$', d, re.S)
            if not m:
                self.fail('the form is {{> NAME(ARGS)}}')
            self.markup_only(d)
            self.call(m.group(1))
            args = m.group(2).strip()
            self.emit(f'tmpl_{m.group(1)}(o{", " + args if args else ""});', True)
        elif re.match(r'_\s', d):
            self.fill(d, d[2:].strip(), False)
        elif re.match(r'n_\s', d):
            self.fill(d, d[3:].strip(), True)
        elif not self.word(d):
            if d[0] in '!@%&' and d[0] != '!' and d[0] != '&':
                self.fail(f'what is {{{{{d}}}}}?')
            self.emit(f'{self.writer(d)}(o, {d});', True)

    def call(self, name):
        """A _head of this file leaves its tags open in the caller, a _foot of this file closes them."""
        stem, stack = name[:-5], self.place.stack
        if name.endswith('_head') and stem in self.left_open:
            stack += self.left_open[stem]
            self.closed.add(stem)
        elif name.endswith('_foot') and stem in self.left_open:
            n = len(self.left_open[stem])
            if stack[len(stack) - n:] != self.left_open[stem]:
                self.fail(f'{name} closes what is not open')
            del stack[len(stack) - n:]

    def word(self, d):
        """{{date EXPR}} and other words; False when d is an expression."""
        word, _, rest = d.partition(' ')
        rest = rest.strip()
        if d in ('csrf', 'once'):
            self.markup_only(d)
            if d == 'csrf':
                if not self.forms:
                    self.fail('{{csrf}} stands in a form')
                if self.forms[-1][2] == len(self.blocks):
                    self.forms[-1][0] = True
            self.emit(f'tmpl_{d}(o);', True)
        elif word in ('date', 'minute', 'ago', 'icon', 'crit') and re.match(r'[\w"(*&]', rest):
            self.markup_only(d)
            if word == 'icon' and not re.fullmatch(r'"[\w-]+"', rest):
                self.fail('the form is {{icon "name"}}: icons are put together at build')
            self.emit({'date': f'tmpl_time(o, {rest}, DATE_DAY);', 'minute': f'tmpl_time(o, {rest}, DATE_MINUTE);',
                       'ago': f'tmpl_time(o, {rest}, -1);', 'icon': f'tmpl_icon(o, {rest});',
                       'crit': f'tmpl_crit_badge(o, {rest});'}[word], True)
        elif word == 'asset' and rest.startswith('"'):
            if self.place.where != 'value':
                self.fail('{{asset}} stands in an attribute')
            self.place.value += '{{' + d + '}}'
            self.emit(f'OUT_ATTR(o, asset_url({rest}));', True)
        else:
            return False
        return True

    def section(self, d):
        m = re.match(r'!\s*page\s+(\w+)\s*\((.*?)\)((?:\s+include\s+"[^"]+")*)\s*$', d, re.S)
        if not m:
            self.fail('the form is {{! page NAME(PARAMS) include "FILE"}}')
        self.finish()
        params = m.group(2).strip()
        self.page = Page(m.group(1), '' if params == 'void' else params, re.findall(r'include\s+"([^"]+)"', m.group(3)), self.line())
        self.pages.append(self.page)
        if self.page.name.endswith('_foot'):  # closes what its _head opened
            self.place.stack = list(self.left_open.get(self.page.name[:-5], []))
            self.closed.add(self.page.name[:-5])

    def toggle(self, d):
        m = re.match(r'\?([\w-]+)\s+(.+)$', d, re.S)
        if not m or self.place.where != 'tag':
            self.fail('the form is {{?checked COND}} inside a tag')
        name = m.group(1)
        if name.startswith('on') or name.startswith('hx-') or name in ('style', 'href', 'src', 'action'):
            self.fail(f'attribute {name} is not allowed here')
        val = f' {name}'
        if name == 'aria-current':
            val += '="page"'
        elif name.startswith('aria-'):
            val += '="true"'
        text = self.page.text
        if text.endswith(' ') and (self.src[self.end:self.end + 1] or '>') in ' \n\t>/':
            self.page.text = text[:-1]
        self.place.attrs[name] = ''
        self.emit(f'if ({m.group(2)}) out_raw(o, {c_string(val)}, {len(val)});', True)

    def open_block(self, kind):
        self.blocks.append(Block(kind, self.place.copy(), self.line()))
        self.page.indent += 1

    def end_branch(self):
        b = self.blocks[-1]
        if not self.place.same(b.start):
            opened = self.place.stack[len(b.start.stack):]
            self.fail(f'a branch closes the tags and attributes it opens{" (open: <" + opened[-1] + ">)" if opened else ""}')
        b.ends.append(self.place)
        self.flush()
        self.page.indent -= 1
        self.last = 'x'  # what was written depends on the branch

    def block(self, d):
        word = d.split(None, 1)[0]
        rest = d[len(word):].strip()
        if word == '#if' and rest:
            self.emit(f'if ({rest}) {{')
            self.open_block('if')
        elif (word == '#elif' and rest) or d == '#else':
            if not self.blocks or self.blocks[-1].kind != 'if' or self.blocks[-1].has_else:
                self.fail(f'{{{{{word}}}}} without {{{{#if}}}}')
            self.end_branch()
            b = self.blocks[-1]
            b.has_else = word == '#else'
            self.place = b.start.copy()
            self.emit('} else {' if b.has_else else f'}} else if ({rest}) {{')
            self.page.indent += 1
        elif word == '#each':
            m = re.match(r'(\w+)\s+in\s+(.+)$', rest, re.S)
            parts = split_args(m.group(2)) if m else []
            if len(parts) != 2:
                self.fail('the form is {{#each VAR in ARRAY COUNT}}; put brackets around expressions with blanks')
            v, (arr, n) = m.group(1), parts
            self.emit(f'for (size_t {v}_i = 0; {v}_i < (size_t)({n}); {v}_i++) {{')
            self.open_block('each')
            self.page.code.append('\t' * self.page.indent + f'const __typeof__(*({arr})) *{v} = &({arr})[{v}_i]; (void){v};')
        elif word == '#let':
            m = re.match(r'(\w+)\s*=\s*(.+)$', rest, re.S)
            if not m:
                self.fail('the form is {{#let VAR = EXPR}}')
            self.emit(f'{{ const __typeof__({m.group(2)}) {m.group(1)} = {m.group(2)}; (void){m.group(1)};')
            self.open_block('let')
        elif d in ('/if', '/each', '/let'):
            if not self.blocks or self.blocks[-1].kind != d[1:]:
                self.fail(f'{{{{{d}}}}} closes ' + (f'{{{{#{self.blocks[-1].kind}}}}} of line {self.blocks[-1].line}' if self.blocks else 'nothing'))
            self.end_branch()
            b = self.blocks.pop()
            # A value that any branch began has begun: what follows in a URL is a part of it.
            for p in b.ends:
                self.place.attrs.update(p.attrs)
                if len(p.value) > len(self.place.value):
                    self.place.value = p.value
            self.emit('}')
        else:
            self.fail(f'what is {{{{{d}}}}}?')

    def finish(self):
        page = self.page
        if not page:
            return
        if page.text.endswith('\n'):
            page.text = page.text[:-1]
        self.flush()
        if self.blocks:
            self.fail(f'{{{{#{self.blocks[-1].kind}}}}} is not closed', self.blocks[-1].line)
        if self.place.where != 'text':
            self.fail(f'{page.name} ends inside <{self.place.tag}>')
        if self.place.stack and page.name.endswith('_head'):
            self.left_open[page.name[:-5]] = list(self.place.stack)
        elif self.place.stack:
            self.fail(f'<{self.place.stack[-1]}> is not closed in {page.name}')
        for ident, ok, line in self.inputs:
            if not ok and (not ident or ident not in self.labels):
                self.fail('the field has no label (label for=, aria-label, or inside <label>)', line)
        self.reset()

    def compile(self):
        at = 0
        while at < len(self.src):
            self.pos = at
            begin = self.src.find('{{', at)
            text = self.src[at:begin if begin >= 0 else len(self.src)]
            if text and self.page:
                self.html(text)
            elif text.strip():
                self.fail('text before the first {{! page}}')
            if begin < 0:
                break
            self.pos = begin
            end = find_end(self.src, begin)
            if end < 0:
                self.fail('{{ is not closed')
            self.end = at = end + 2
            d = self.src[begin + 2:end].strip()
            if not d:
                self.fail('{{}} is empty')
            if '\n' in d and not d.startswith('!'):
                d = re.sub(r'\s*\n\s*', ' ', d)
            self.directive(d)
        self.pos = max(len(self.src) - 1, 0)
        self.finish()
        for name in set(self.left_open) - self.closed:
            self.fail(f'{name}_head opens tags and there is no {name}_foot in this file')

    def c_source(self):
        out = ['/* Generated by tools/tmplc.py from %s. */\n#include "tmpl.h"\n' % self.path]
        for p in self.pages:
            out.append(f'{prototype(p)}\n{{\n\t(void)o;\n' + '\n'.join(p.code) + '\n}\n')
        return '\n'.join(out)


def prototype(p):
    return f'void tmpl_{p.name}(struct out *o{", " + p.params if p.params else ""})'


def c_name(path):
    """src/web/tmpl/desk/ticket.html is tmpl_desk_ticket.c: equal names in different folders do not meet."""
    parts = os.path.splitext(path)[0].split('/')
    if 'tmpl' in parts:
        parts = parts[len(parts) - 1 - parts[::-1].index('tmpl') + 1:]
    else:
        parts = parts[-1:]
    return 'tmpl_' + re.sub(r'\W', '_', '_'.join(parts)) + '.c'


def write_changed(path, text):
    """Leaves equal files alone, so that editing one template compiles one C file."""
    try:
        with open(path, encoding='utf-8') as f:
            if f.read() == text:
                return
    except OSError:
        pass
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def header(compilers):
    protos, includes, seen = [], [], {}
    for c in compilers:
        for p in c.pages:
            if p.name in seen:
                raise Error(f'{c.path}:{p.line}: page {p.name} is already in {seen[p.name]}')
            seen[p.name] = f'{c.path}:{p.line}'
            protos.append(prototype(p) + ';')
            includes += [i for i in p.includes if i not in includes]
    return '/* Generated by tools/tmplc.py: one function a page. */\n#pragma once\n#include "web/tmpl_rt.h"\n' + \
        ''.join(f'#include "{i}"\n' for i in includes) + '\n' + '\n'.join(protos) + '\n'


def main(argv):
    if len(argv) < 2:
        sys.exit(__doc__)
    files = sorted(argv[1:])
    if argv[0] == '--names':
        print('\n'.join(c_name(p) for p in files))
        return
    done, errors = [], []
    for path in files:
        c = Compiler(path)
        try:
            c.compile()
            done.append((path, c))
        except Error as e:
            errors.append(str(e))
    try:
        head = header([c for _, c in done])
    except Error as e:
        errors.append(str(e))
    if errors:
        sys.exit('\n'.join(errors))
    if argv[0] == '--check':
        return
    for path, c in done:
        write_changed(os.path.join(argv[0], c_name(path)), c.c_source())
    write_changed(os.path.join(argv[0], 'tmpl.h'), head)


if __name__ == '__main__':
    main(sys.argv[1:])
