"""A tree of reStructuredText or of built HTML to one of Markdown: convert.py rst|html FROM TO [ONLY]

Part of the program (kb/convert.c); reads FROM, writes TO, nothing else. What it does not know degrades to its text."""
import html, html.parser, multiprocessing, os, re, shutil, sys

LIMIT = 1 << 20
ADM = {'note': 'note', 'tip': 'tip', 'hint': 'tip', 'important': 'important', 'warning': 'warning', 'attention': 'warning',
       'caution': 'caution', 'danger': 'caution', 'error': 'caution', 'seealso': 'tip', 'todo': 'note'}


# ---- what both write ----

def slug(s):
    return re.sub(r'[^a-z0-9]+', '-', s.lower()).strip('-')


def esc(s):
    s = re.sub(r'([\\`*\[\]<])', r'\\\1', s)
    s = re.sub(r'(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])', r'\\_', s)
    return s.replace('{{', '\\{{')


def starts_safe(s):
    """A paragraph that would begin a list, heading or quote."""
    return re.sub(r'^(\s*)([#>+-]|\d+[.)](?=\s))', r'\1\\\2', s) if not re.match(r'^\s*\d', s) else re.sub(r'^(\s*\d+)([.)]\s)', r'\1\\\2', s)


def code_span(s):
    s = ' '.join(s.split())
    if not s:
        return ''
    n = 1
    while '`' * n in s:
        n += 1
    pad = ' ' if s[0] == '`' or s[-1] == '`' else ''
    return '`' * n + pad + s + pad + '`' * n


def fence(text, lang):
    n = 3
    while '`' * n in text:
        n += 1
    return '`' * n + re.sub(r'[^A-Za-z0-9+-]', '', lang or '') + '\n' + text.rstrip('\n') + '\n' + '`' * n + '\n\n'


def link(text, to):
    text = text.strip() or to
    return f'[{text}](<{to}>)' if re.search(r'[ ()]', to) else f'[{text}]({to})'


def picture(alt, to, title=''):
    alt = re.sub(r'[\[\]\n]', ' ', alt or '').strip()
    title = ' "' + title.replace('"', "'").replace('\n', ' ').strip() + '"' if title else ''
    return f'![{alt}](<{to}>{title})' if re.search(r'[ ()]', to) else f'![{alt}]({to}{title})'


def indent(text, by):
    return ''.join(by + l if l.strip() else l for l in text.splitlines(True))


def item(mark, body):
    body = body.strip('\n')
    return mark + indent(body, ' ' * len(mark))[len(mark):] + '\n'


def table(rows, head):
    """Rows of one-line cells; the first `head` rows make the one head that pipe tables have."""
    if not rows:
        return ''
    width = max(len(r) for r in rows)
    cell = lambda c: ' '.join(c.split()).replace('|', '\\|') or ' '
    line = lambda r: '| ' + ' | '.join(cell(c) for c in r + [''] * (width - len(r))) + ' |\n'
    top = rows[0] if head else [''] * width
    return line(top) + '|' + ' --- |' * width + '\n' + ''.join(line(r) for r in rows[1 if head else 0:]) + '\n'


def container(kind, title, body):
    colons = ':::'
    while '\n' + colons in '\n' + body:
        colons += ':'
    return f'{colons}{kind} {title}'.rstrip() + '\n' + body.strip('\n') + '\n' + colons + '\n\n'


# ---- reStructuredText ----

ROLE_LINK = {'ref', 'doc', 'numref', 'any'}
ROLE_CODE = {'file', 'command', 'program', 'option', 'envvar', 'samp', 'code', 'literal', 'func', 'class', 'meth', 'mod', 'attr', 'data', 'exc', 'obj',
             'const', 'kbd', 'regexp', 'token', 'mimetype', 'makevar'}
CODE_DIRECTIVES = {'code-block', 'sourcecode', 'code', 'prompt', 'console', 'ipython', 'testcode', 'doctest', 'highlight', 'parsed-literal', 'productionlist', 'math', 'mermaid', 'graphviz'}
SILENT = {'index', 'highlight', 'currentmodule', 'module', 'default-domain', 'sectionauthor', 'codeauthor', 'meta', 'include', 'literalinclude', 'raw', 'automodule',
          'autoclass', 'autofunction', 'automethod', 'contents', 'sectnum', 'tabularcolumns', 'plot', 'program', 'py:module', 'py:currentmodule', 'image-map'}


def rst_setup():
    from docutils import nodes
    from docutils.parsers.rst import Directive, directives, roles

    class Any(dict):
        def __contains__(self, key): return True
        def __getitem__(self, key): return lambda a: a
        def __bool__(self): return True

    class Generic(Directive):
        optional_arguments, final_argument_whitespace, has_content, option_spec = 1, True, True, Any()

        def run(self):
            name = self.name
            arg = self.arguments[0] if self.arguments else ''
            if name == 'toctree':
                node = nodes.comment()
                node['toctree'] = [l.strip() for l in self.content if l.strip()]
                node['glob'] = 'glob' in self.options
                node['hidden'] = 'hidden' in self.options
                return [node]
            if name in SILENT:
                return []
            if name in CODE_DIRECTIVES:
                text = '\n'.join(self.content) or arg
                node = nodes.literal_block(text, text)
                node['language'] = arg if self.content and name not in ('math', 'parsed-literal') else ''
                return [node]
            body = nodes.container()
            if name in ('versionadded', 'versionchanged', 'deprecated', 'versionremoved'):
                word = {'versionadded': 'New in version', 'versionchanged': 'Changed in version', 'deprecated': 'Deprecated since version', 'versionremoved': 'Removed in version'}[name]
                version, rest = (re.split(r'\s+', arg, maxsplit=1) + [''])[:2]
                body['adm'], body['title'] = ('warning' if name == 'deprecated' else 'note'), f'{word} {version}'
                if rest:
                    inline, _ = self.state.inline_text(rest, self.lineno)
                    body += nodes.paragraph('', '', *inline)
            elif name in ADM or name == 'admonition':
                body['adm'], body['title'] = ADM.get(name, 'note'), arg if name == 'admonition' else 'See also' if name == 'seealso' else ''
                if name != 'admonition' and arg:
                    inline, _ = self.state.inline_text(arg, self.lineno)
                    body += nodes.paragraph('', '', *inline)
            elif name in ('tabs', 'tab-set', 'md-tab-set'):
                body['tabs'] = True
            elif name in ('tab', 'tab-item', 'group-tab', 'code-tab', 'md-tab-item'):
                body['tab'] = arg or 'Tab'
            elif name in ('dropdown', 'collapse', 'details'):
                body['details'] = arg or 'Details'
            elif ':' in name or name in ('function', 'class', 'method', 'option', 'cmdoption', 'describe', 'data', 'envvar', 'confval', 'setting', 'attribute', 'exception'):
                body += nodes.paragraph('', '', nodes.literal(arg, arg))
            self.state.nested_parse(self.content, self.content_offset, body)
            return [body]

    own = set(ADM) | {'admonition', 'code-block', 'sourcecode', 'code', 'parsed-literal', 'math', 'raw', 'include', 'contents', 'sectnum', 'meta'}
    known = directives.directive

    def directive(name, language, document):
        if name.lower() in own:
            return Generic, []
        cls, messages = known(name, language, document)
        return (cls, messages) if cls else (Generic, [])
    directives.directive = directive

    def role_fn(name, rawtext, text, lineno, inliner, options=None, content=None):
        short = name.split(':')[-1].lower()
        m = re.match(r'^(.*?)\s*<([^<>]+)>$', text, re.S)
        title, target = (m.group(1), m.group(2)) if m else (text, text)
        target = target.lstrip('!~')
        if short in ROLE_LINK:
            node = nodes.inline(title, title)
            node['role'], node['target'], node['explicit'] = short, target, bool(m)
            return [node], []
        if short == 'download':
            return [nodes.reference(title, title, refuri=target, download=True)], []
        if short in ('menuselection', 'guilabel', 'strong', 'dfn'):
            return [nodes.strong(title, title.replace('-->', '▸').replace('&', ''))], []
        if short in ('abbr', 'term', 'emphasis', 'title', 'rfc', 'pep', 'sup', 'sub'):
            if short == 'rfc' or short == 'pep':
                return [nodes.Text(f'{short.upper()} {title}')], []
            return [nodes.Text(title)], []
        if not m and title.startswith('~'):
            title = title[1:].split('.')[-1]
        return [nodes.literal(title.lstrip('!'), title.lstrip('!'))], []
    known_role = roles.role

    def role(name, language, lineno, reporter):
        short = name.split(':')[-1].lower()
        if short not in ROLE_LINK | ROLE_CODE | {'download', 'rfc', 'pep', 'raw'}:
            fn, messages = known_role(name, language, lineno, reporter)
            if fn:
                return fn, messages
        return role_fn, []
    roles.role = role


class Rst:
    """One document: Markdown with \\0role\\0target\\0title\\0 for what other documents must say."""

    def __init__(self, doc, name):
        from docutils import nodes
        self.n, self.name, self.toc, self.labels, self.media, self.notes = nodes, name, [], {}, set(), []
        self.title = ''
        self.level = 0
        self.tree = doc
        self.md = ''.join(self.block(c) for c in self.sections(doc))
        for k, body in self.notes:
            self.md += item(f'[^{k}]: ', body) + '\n'

    def sections(self, doc):
        n = self.n
        title = next((c for c in doc.children if isinstance(c, n.title)), None)
        if title is not None:
            self.title = title.astext()
            for label in doc.get('names', []) + doc.get('ids', []):
                self.labels[label] = ('', self.title)
        pending = []
        for c in doc.children:
            if isinstance(c, n.target) and not pending:
                pass
        return [c for c in doc.children if c is not title]

    def text(self, node):
        return ''.join(self.inline(c) for c in node.children)

    def inline(self, x):
        n = self.n
        if isinstance(x, n.Text):
            return esc(str(x).replace('\n', ' '))
        if isinstance(x, n.inline) and 'role' in x:
            return f"\0{x['role']}\0{x['target']}\0{x.astext() if x['explicit'] else ''}\0"
        inner = self.text(x)
        if isinstance(x, n.strong):
            return f'**{inner.strip()}**' if inner.strip() else ''
        if isinstance(x, (n.emphasis, n.title_reference)):
            return f'*{inner.strip()}*' if inner.strip() else ''
        if isinstance(x, n.literal):
            return code_span(x.astext())
        if isinstance(x, n.math):
            return code_span(x.astext())
        if isinstance(x, n.image):
            self.media.add(x['uri'])
            return picture(x.get('alt', ''), x['uri'])
        if isinstance(x, n.reference):
            if x.get('download'):
                self.media.add(x['refuri'])
            if 'refuri' in x:
                return link(inner, x['refuri'])
            if 'refid' in x:
                return f"\0ref\0{x['refid']}\0{x.astext()}\0"
            return inner
        if isinstance(x, n.footnote_reference):
            return f"[^{x.get('refid', slug(x.astext()))}]"
        if isinstance(x, (n.citation_reference,)):
            return f'\\[{inner}\\]'
        if isinstance(x, (n.problematic,)):
            return esc(x.astext())
        if isinstance(x, (n.target, n.system_message, n.comment, n.substitution_definition, n.raw)):
            return inner if isinstance(x, n.target) else ''
        if isinstance(x, (n.superscript, n.subscript)):
            return inner
        return inner

    def blocks(self, node):
        return ''.join(self.block(c) for c in node.children)

    def block(self, x):
        n = self.n
        if isinstance(x, n.section):
            self.level += 1
            title = next((c for c in x.children if isinstance(c, n.title)), None)
            words = self.text(title) if title is not None else ''
            plain = title.astext() if title is not None else ''
            ids = x.get('ids', [])
            explicit = ids[0] if ids and (len(ids) > 1 or ids[0] != slug(plain) or not plain.isascii()) else ''
            anchor = explicit or slug(plain)
            for label in x.get('names', []) + ids:
                self.labels[label] = (anchor, plain)
            out = '#' * min(self.level + 1, 6) + ' ' + words + (f' {{#{anchor}}}' if explicit else '') + '\n\n'
            out += ''.join(self.block(c) for c in x.children if c is not title)
            self.level -= 1
            return out
        if isinstance(x, n.target):
            for label in x.get('names', []) + x.get('ids', []) + ([x['refid']] if 'refid' in x else []):
                self.labels.setdefault(label, ('', self.title))
            return ''
        if isinstance(x, n.paragraph):
            return starts_safe(self.text(x).strip()) + '\n\n'
        if isinstance(x, (n.literal_block, n.doctest_block, n.math_block)):
            lang = x.get('language', '') or next((c for c in x.get('classes', []) if c != 'code'), '')
            return fence(x.astext(), lang)
        if isinstance(x, n.line_block):
            return '\\\n'.join(self.text(l).strip() or '' for l in x.findall(n.line)) + '\n\n'
        if isinstance(x, n.bullet_list):
            return ''.join(item('- ', self.blocks(c)) for c in x.children) + '\n'
        if isinstance(x, n.enumerated_list):
            start = x.get('start', 1)
            return ''.join(item(f'{start + i}. ', self.blocks(c)) for i, c in enumerate(x.children)) + '\n'
        if isinstance(x, n.definition_list):
            out = ''
            for d in x.children:
                term = ', '.join(self.text(t).strip() for t in d.children if isinstance(t, n.term))
                for t in d.findall(n.term):
                    for label in t.get('ids', []):
                        self.labels.setdefault(label, ('', self.title))
                body = ''.join(self.blocks(c) for c in d.children if isinstance(c, n.definition))
                out += item('- ', f'**{term}**\n\n{body}' if '`' not in term and '*' not in term else f'{term}\n\n{body}') + '\n'
            return out
        if isinstance(x, (n.field_list, n.docinfo)):
            out = ''
            for f in x.children:
                if isinstance(f, n.field):
                    body = self.blocks(f.children[1]).strip() if len(f.children) > 1 else ''
                    if f.children[0].astext() in ('orphan', 'tocdepth', 'nocomments', 'hide-toc'):
                        continue
                    out += item('- ', f'**{self.text(f.children[0])}**: {body}')
            return out + '\n' if out else ''
        if isinstance(x, n.option_list):
            return ''.join(item('- ', f"{code_span(o.children[0].astext())}\n\n{self.blocks(o.children[1])}") for o in x.children) + '\n'
        if isinstance(x, n.block_quote):
            body = self.blocks(x).rstrip('\n')
            return ''.join('> ' + l if l.strip() else '>' + l for l in body.splitlines(True)) + '\n\n'
        if isinstance(x, n.figure):
            img = next(iter(x.findall(n.image)), None)
            cap = next(iter(x.findall(n.caption)), None)
            legend = ''.join(self.blocks(c) for c in x.children if isinstance(c, n.legend))
            if img is None:
                return legend
            self.media.add(img['uri'])
            caption = cap.astext() if cap is not None else ''
            return picture(img.get('alt', '') or caption, img['uri'], caption) + '\n\n' + legend
        if isinstance(x, n.image):
            return self.inline(x) + '\n\n'
        if isinstance(x, n.table):
            title = next((c for c in x.children if isinstance(c, n.title)), None)
            rows, head = [], 0
            for g in x.findall(n.tgroup):
                for part in g.children:
                    if isinstance(part, (n.thead, n.tbody)):
                        for r in part.children:
                            rows.append([re.sub(r'\s*\n+\s*', ' ', self.blocks(e).strip()) for e in r.children])
                        head += len(part.children) if isinstance(part, n.thead) else 0
            return (f'**{self.text(title)}**\n\n' if title is not None else '') + table(rows, head)
        if isinstance(x, n.container) and 'adm' in x:
            return container(x['adm'], x['title'], self.blocks(x))
        if isinstance(x, n.container) and 'details' in x:
            return container('details', x['details'], self.blocks(x))
        if isinstance(x, n.container) and 'tabs' in x:
            return container('tabs', '', ''.join(f"=== {t['tab']}\n\n{self.blocks(t)}" for t in x.children if 'tab' in getattr(t, 'attributes', {})))
        if isinstance(x, n.Admonition) or isinstance(x, n.admonition):
            title = next((c for c in x.children if isinstance(c, n.title)), None)
            return container(ADM.get(x.tagname, 'note'), title.astext() if title is not None else '', ''.join(self.block(c) for c in x.children if c is not title))
        if isinstance(x, n.rubric):
            return f'**{self.text(x).strip()}**\n\n'
        if isinstance(x, (n.topic, n.sidebar)):
            if 'contents' in x.get('classes', []):
                return ''
            title = next((c for c in x.children if isinstance(c, n.title)), None)
            return container('note', title.astext() if title is not None else '', ''.join(self.block(c) for c in x.children if c is not title))
        if isinstance(x, n.footnote):
            label = next((c for c in x.children if isinstance(c, n.label)), None)
            self.notes.append((x['ids'][0], ''.join(self.block(c) for c in x.children if c is not label).strip()))
            return ''
        if isinstance(x, n.citation):
            return starts_safe(f'\\[{x.children[0].astext()}\\] ' + ''.join(self.block(c) for c in x.children[1:]))
        if isinstance(x, n.transition):
            return '---\n\n'
        if isinstance(x, n.comment):
            if 'toctree' in x:
                self.toc += [(e, x['glob']) for e in x['toctree']]
            return ''
        if isinstance(x, (n.system_message, n.substitution_definition, n.raw, n.pending, n.decoration)):
            return ''
        if isinstance(x, n.subtitle):
            return f'*{self.text(x)}*\n\n'
        if isinstance(x, n.TextElement):
            t = self.text(x).strip()
            return t + '\n\n' if t else ''
        if isinstance(x, n.Text):
            return esc(str(x)) + '\n\n'
        return self.blocks(x)


def rst_one(job):
    root, path = job
    import docutils.core
    name = os.path.splitext(path)[0]
    try:
        with open(os.path.join(root, path), encoding='utf-8', errors='replace') as f:
            text = f.read(LIMIT)
        doc = docutils.core.publish_doctree(text, source_path=path, settings_overrides={
            'file_insertion_enabled': False, 'raw_enabled': False, '_disable_config': True, 'report_level': 5, 'halt_level': 6, 'smart_quotes': False,
            'syntax_highlight': 'none', 'doctitle_xform': True, 'docinfo_xform': False, 'input_encoding': 'unicode', 'warning_stream': False, 'line_length_limit': 100000})
        r = Rst(doc, name)
        return name, path, r.title, r.md, r.toc, r.labels, sorted(r.media)
    except Exception as e: # one file that breaks the parser costs itself only
        return name, path, '', f'This page could not be converted: {type(e).__name__}.\n', [], {}, []


def rst_tree(root, files):
    rst_setup()
    with multiprocessing.get_context('fork').Pool(min(4, os.cpu_count() or 1)) as pool:
        docs = pool.map(rst_one, [(root, f) for f in files], chunksize=8)
    labels, titles = {}, {d[0]: d[2] for d in docs}
    for name, _, _, _, _, own, _ in docs:
        for k, (anchor, title) in own.items():
            labels.setdefault(k, (name, anchor, title))

    def resolve(name, m):
        role, target, title = m.group(1), m.group(2), m.group(3)
        if role == 'doc' or (role == 'any' and target.lower() not in labels):
            path = os.path.normpath(target.lstrip('/') if target.startswith('/') else os.path.join(os.path.dirname(name), target))
            if path in titles:
                return link(esc(title or titles[path] or path), rel(name, path) + '.md')
            return esc(title or target)
        at = labels.get(' '.join(target.lower().split())) or labels.get(slug(target))
        if not at:
            return esc(title or target)
        doc, anchor, words = at
        if doc == name and not anchor:
            return esc(title or words or target)
        return link(esc(title or words or target), (rel(name, doc) + '.md' if doc != name else '') + ('#' + anchor if anchor else ''))

    out = {}
    for name, path, title, md, toc, _, media in docs:
        md = re.sub('\0([^\0]*)\0([^\0]*)\0([^\0]*)\0', lambda m, name=name: resolve(name, m), md)
        out[name] = (title, md.replace('\0', ''), [e for t in toc for e in entries(name, t, titles)], media)
    return out


def rel(name, to):
    return os.path.relpath(to, os.path.dirname(name) or '.')


def entries(name, entry, titles):
    text, glob = entry
    m = re.match(r'^(.*?)\s*<([^<>]+)>$', text)
    target = m.group(2) if m else text
    if '://' in target or target == 'self':
        return []
    target = re.sub(r'\.(rst|txt|html|md)$', '', target)
    path = os.path.normpath(target.lstrip('/') if target.startswith('/') else os.path.join(os.path.dirname(name), target))
    if glob and any(c in path for c in '*?['):
        import fnmatch
        return sorted(t for t in titles if fnmatch.fnmatch(t, path))
    return [path]


# ---- HTML ----

VOID = {'img', 'br', 'hr', 'meta', 'link', 'input', 'source', 'area', 'base', 'col', 'embed', 'wbr', 'param', 'track'}
DROP = {'script', 'style', 'nav', 'header', 'footer', 'form', 'button', 'svg', 'iframe', 'noscript', 'template', 'select', 'head', 'aside'}


class El:
    def __init__(self, tag, attrs):
        self.tag, self.attrs, self.kids = tag, attrs, []

    def get(self, k):
        return self.attrs.get(k) or ''

    def classes(self):
        return self.get('class').split()

    def astext(self):
        return ''.join(k if isinstance(k, str) else '' if k.tag in DROP else k.astext() for k in self.kids)

    def find(self, want):
        for k in self.kids:
            if not isinstance(k, str):
                if want(k):
                    return k
                got = k.find(want)
                if got:
                    return got
        return None

    def all(self, want):
        for k in self.kids:
            if not isinstance(k, str):
                if want(k):
                    yield k
                yield from k.all(want)


class Tree(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = El('root', {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        if tag in ('p', 'li', 'dt', 'dd', 'tr', 'td', 'th') and len(self.open) > 1:
            same = {'dt': ('dt', 'dd'), 'dd': ('dt', 'dd'), 'td': ('td', 'th'), 'th': ('td', 'th')}.get(tag, (tag,))
            if self.open[-1].tag in same:
                self.open.pop()
        if len(self.open) > 150:
            return
        e = El(tag, dict(attrs))
        self.open[-1].kids.append(e)
        if tag not in VOID:
            self.open.append(e)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].kids.append(El(tag, dict(attrs)))

    def handle_endtag(self, tag):
        for i in range(len(self.open) - 1, 0, -1):
            if self.open[i].tag == tag:
                del self.open[i:]
                return

    def handle_data(self, data):
        self.open[-1].kids.append(data)


class Html:
    def __init__(self, text, name):
        t = Tree()
        t.feed(text)
        t.close()
        self.name, self.media, self.toc, self.title = name, set(), [], ''
        root = t.root
        main = (root.find(lambda e: e.get('role') == 'main') or root.find(lambda e: e.tag == 'main') or root.find(lambda e: e.tag == 'article') or
                root.find(lambda e: e.tag == 'div' and 'body' in e.classes()) or root.find(lambda e: e.tag == 'body') or root)
        h1 = main.find(lambda e: e.tag == 'h1') or root.find(lambda e: e.tag == 'title')
        self.h1 = h1
        if h1:
            self.title = ' '.join(h1.astext().replace('¶', '').replace('#\n', '').split())
        for w in main.all(lambda e: 'toctree-wrapper' in e.classes()):
            for a in w.all(lambda e: e.tag == 'a' and 'internal' in e.classes()):
                target = a.get('href').split('#')[0]
                if target and '://' not in target:
                    path = os.path.normpath(os.path.join(os.path.dirname(name), re.sub(r'\.html?$', '', target)))
                    if path not in self.toc and path != name:
                        self.toc.append(path)
        self.ids, self.at, self.anchors = [], '', {}
        self.md = re.sub(r'\n{3,}', '\n\n', self.blocks(main))

    def seen(self, k):
        if k.get('id'):
            self.anchors.setdefault(k.get('id'), self.at)

    def inline(self, k):
        if isinstance(k, str):
            return esc(re.sub(r'\s+', ' ', k))
        self.seen(k)
        if k.tag in DROP or 'headerlink' in k.classes() or 'viewcode-link' in k.classes():
            return ''
        if k.tag == 'br':
            return '\\\n'
        if k.tag == 'img':
            return self.image(k, '')
        if k.tag in ('code', 'tt', 'kbd', 'samp'):
            return code_span(k.astext())
        inner = ''.join(self.inline(c) for c in k.kids)
        if k.tag in ('strong', 'b'):
            return f'**{inner.strip()}**' if inner.strip() else ''
        if k.tag in ('em', 'i', 'cite', 'dfn', 'var'):
            return f'*{inner.strip()}*' if inner.strip() else ''
        if k.tag in ('del', 's', 'strike'):
            return f'~~{inner.strip()}~~' if inner.strip() else ''
        if k.tag == 'a' and k.get('href'):
            to = k.get('href')
            if '://' not in to and not to.startswith('#') and not re.search(r'\.html?(#|$)', to) and re.search(r'\.[a-z0-9]{2,4}$', to):
                self.media.add(to)
            if re.match(r'^[^:]*#', to):
                to = '\0' + to.replace(' ', '%20') + '\0'
            return link(inner, to) if inner.strip() else ''
        return inner

    def image(self, k, caption):
        src = k.get('src')
        if not src or src.startswith('data:'):
            return ''
        self.media.add(src)
        return picture(k.get('alt') if k.get('alt') != src else '', src, caption)

    def is_block(self, k):
        return not isinstance(k, str) and k.tag in ('p', 'div', 'section', 'ul', 'ol', 'dl', 'table', 'pre', 'blockquote', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'figure',
                                                    'article', 'main', 'details', 'center', 'fieldset', 'address', 'video') or (not isinstance(k, str) and k.tag in DROP)

    def blocks(self, e):
        out, run = '', ''
        for k in e.kids:
            if self.is_block(k):
                if run.strip():
                    out += starts_safe(run.strip()) + '\n\n'
                run = ''
                out += self.block(k)
            else:
                run += self.inline(k)
        if run.strip():
            out += starts_safe(run.strip()) + '\n\n'
        return out

    def block(self, k):
        cls = k.classes()
        self.seen(k)
        if k.tag in DROP or k is self.h1 or any(c in ('toctree-wrapper', 'sphinxsidebar', 'related', 'contents', 'headerlink', 'navigation') for c in cls):
            return ''
        if k.tag in ('h1', 'h2', 'h3', 'h4', 'h5', 'h6'):
            text = ''.join(self.inline(c) for c in k.kids).strip()
            anchor = k.get('id') or (self.ids[-1] if self.ids else '')
            if self.ids:
                self.ids[-1] = ''
            plain = ' '.join(k.astext().replace('¶', '').split())
            mark = f' {{#{anchor}}}' if anchor and (anchor != slug(plain) or not plain.isascii()) and re.match(r'^[A-Za-z0-9._-]+$', anchor) else ''
            self.at = anchor if mark else slug(plain)
            if anchor:
                self.anchors[anchor] = self.at
            return '#' * max(2, int(k.tag[1])) + ' ' + text + mark + '\n\n' if text else ''
        if k.tag == 'pre':
            return fence(k.astext(), '')
        for c in cls:
            if c.startswith('highlight-') and k.find(lambda e: e.tag == 'pre'):
                lang = c[10:]
                pre = k.find(lambda e: e.tag == 'pre' and not e.find(lambda x: 'linenos' in x.classes() and x.tag == 'div'))
                return fence(pre.astext(), '' if lang in ('default', 'none', 'text') else lang)
        if 'admonition' in cls or 'versionadded' in cls or 'versionchanged' in cls or 'deprecated' in cls:
            kind = next((ADM[c] for c in cls if c in ADM), 'warning' if 'deprecated' in cls else 'note')
            title = k.find(lambda e: 'admonition-title' in e.classes() or e.tag == 'summary')
            words = ' '.join(title.astext().split()) if title else ''
            if title:
                title.kids, title.tag = [], 'script'
            return container(kind, '' if words.lower() == kind else words, self.blocks(k))
        if k.tag in ('section', 'div') and k.get('id'):
            self.ids.append(k.get('id'))
            out = self.blocks(k)
            self.ids.pop()
            return out
        if k.tag == 'p':
            t = ''.join(self.inline(c) for c in k.kids).strip()
            if 'rubric' in cls:
                return f'**{t}**\n\n'
            return starts_safe(t) + '\n\n' if t else ''
        if k.tag in ('ul', 'ol'):
            items = [c for c in k.kids if not isinstance(c, str) and c.tag == 'li']
            start = int(k.get('start')) if k.get('start').isdigit() else 1
            return ''.join(item('- ' if k.tag == 'ul' else f'{start + i}. ', self.blocks(c) or ' ') for i, c in enumerate(items)) + '\n'
        if k.tag == 'dl':
            out, term = '', ''
            for c in k.kids:
                if isinstance(c, str):
                    continue
                self.seen(c)
                if c.tag == 'dt':
                    out += f'- {term}\n' if term else ''
                    sig = 'sig' in c.classes() or any('sig' in x for x in c.classes())
                    t = ' '.join(c.astext().replace('¶', '').split())
                    term = code_span(t) if sig else ''.join(self.inline(x) for x in c.kids).strip()
                    if term and '`' not in term and '*' not in term:
                        term = f'**{term}**'
                elif c.tag == 'dd':
                    out += item('- ', f'{term}\n\n{self.blocks(c)}') + '\n'
                    term = ''
            return out + (f'- {term}\n\n' if term else '')
        if k.tag == 'table':
            rows, head = [], 0
            for tr in k.all(lambda e: e.tag == 'tr'):
                cells = [c for c in tr.kids if not isinstance(c, str) and c.tag in ('td', 'th')]
                if cells:
                    head += not rows and all(c.tag == 'th' for c in cells)
                    rows.append([re.sub(r'\s*\n+\s*', ' ', self.blocks(c).strip()) for c in cells])
            if 'footnote' in cls or 'field-list' in cls:
                return ''.join(' '.join(r) + '\n\n' for r in rows)
            return table(rows, head)
        if k.tag == 'blockquote':
            body = self.blocks(k).rstrip('\n')
            return ''.join('> ' + l if l.strip() else '>' + l for l in body.splitlines(True)) + '\n\n'
        if k.tag == 'figure' or 'figure' in cls:
            img, cap = k.find(lambda e: e.tag == 'img'), k.find(lambda e: e.tag in ('figcaption',) or 'caption' in e.classes())
            words = ' '.join(cap.astext().replace('¶', '').split()) if cap else ''
            return self.image(img, words) + '\n\n' if img else self.blocks(k)
        if k.tag == 'hr':
            return '---\n\n'
        if k.tag == 'details':
            s = k.find(lambda e: e.tag == 'summary')
            words = ' '.join(s.astext().split()) if s else 'Details'
            if s:
                s.kids, s.tag = [], 'script'
            return container('details', words, self.blocks(k))
        return self.blocks(k)


def html_one(job):
    root, path = job
    name = re.sub(r'\.html?$', '', path)
    try:
        with open(os.path.join(root, path), encoding='utf-8', errors='replace') as f:
            h = Html(f.read(LIMIT * 4), name)
        return name, h.title, h.md, h.toc, sorted(h.media), h.anchors
    except Exception as e:
        return name, '', f'This page could not be converted: {type(e).__name__}.\n', [], [], {}


def html_tree(root, files):
    files = [f for f in files if os.path.basename(f) not in ('genindex.html', 'search.html', 'py-modindex.html', '404.html')]
    with multiprocessing.get_context('fork').Pool(min(4, os.cpu_count() or 1)) as pool:
        docs = pool.map(html_one, [(root, f) for f in files], chunksize=8)
    anchors = {d[0]: d[5] for d in docs}

    def resolve(name, m):
        """Places that are no headings: the heading above them."""
        path, _, place = m.group(1).partition('#')
        doc = os.path.normpath(os.path.join(os.path.dirname(name), re.sub(r'\.html?$', '', path))) if path else name
        if doc not in anchors:
            return m.group(1)
        at = anchors[doc].get(place, '')
        return path + ('#' + at if at else '')

    out = {}
    for name, title, md, toc, media, _ in docs:
        md = re.sub('\0([^\0]*)\0', lambda m, name=name: resolve(name, m), md)
        md = re.sub(r'\[((?:[^\[\]\\]|\\.)*)\]\(\)', r'\1', md)
        out[name] = (title, md, toc, media)
    return out


# ---- the tree ----

def summary(docs):
    """The toctrees from the first page on, each page once, below its first parent."""
    root = next((n for n in ('index', 'contents', 'README', 'master') if n in docs), None)
    lines, seen = [], {root}

    def walk(name, depth):
        for child in docs[name][2]:
            if child in docs and child not in seen and depth < 8:
                seen.add(child)
                words = re.sub(r'[\[\]]', '', docs[child][0] or child)
                lines.append('  ' * depth + f'- [{words}]({child}.md)')
                walk(child, depth + 1)
    if root:
        walk(root, 0)
    return '\n'.join(lines) + '\n' if lines else ''


def inside(root, path):
    full = os.path.realpath(os.path.join(root, path))
    return full if full.startswith(os.path.realpath(root) + os.sep) else None


def main():
    kind, root, to = sys.argv[1:4]
    only = sys.argv[4] if len(sys.argv) > 4 else None
    ends = ('.rst', '.txt') if kind == 'rst' else ('.html', '.htm')
    files = []
    for folder, dirs, names in os.walk(root):
        dirs[:] = sorted(d for d in dirs if not d.startswith('.') and d not in ('_build', '_static', '_sources', '_modules', 'node_modules', '_images', '_templates'))
        for n in sorted(names):
            path = os.path.relpath(os.path.join(folder, n), root)
            if n.endswith(ends) and not os.path.islink(os.path.join(folder, n)) and (only is None or path == only) and not n.startswith('.'):
                if kind == 'rst' and n.endswith('.txt') and (n == 'requirements.txt' or not re.search(r'^[=~\-*#^"]{4,}\s*$', open(os.path.join(folder, n), errors='replace').read(20000), re.M)):
                    continue
                files.append(path)
    if len(files) > 20000:
        sys.exit('more than 20000 pages')
    docs = (rst_tree if kind == 'rst' else html_tree)(root, files)
    for name, (title, md, toc, media) in docs.items():
        target = os.path.join(to, name + '.md')
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, 'w', encoding='utf-8') as f:
            head = title.replace('\\', '\\\\').replace('"', '\\"').replace('\n', ' ')
            f.write((f'---\ntitle: "{head}"\n---\n' if title else '') + md.replace('\0', '').rstrip('\n') + '\n')
        for m in media:
            if '://' in m:
                continue
            m = m.split('#')[0].split('?')[0]
            path = os.path.normpath(m.lstrip('/') if m.startswith('/') else os.path.join(os.path.dirname(name), m))
            src = inside(root, path)
            if src and os.path.isfile(src) and not path.startswith('..') and os.path.getsize(src) <= 64 << 20:
                os.makedirs(os.path.dirname(os.path.join(to, path)), exist_ok=True)
                shutil.copyfile(src, os.path.join(to, path))
    text = '' if only else summary(docs)
    if text:
        with open(os.path.join(to, 'SUMMARY.md'), 'w', encoding='utf-8') as f:
            f.write(text)


if __name__ == '__main__':
    main()
