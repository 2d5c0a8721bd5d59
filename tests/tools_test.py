"""Tests of the build's own tools: python3 -m unittest tests/tools_test.py (no network, below a second)."""
import importlib.util, os, re, sys, tempfile, unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def load(name):
    spec = importlib.util.spec_from_file_location(name, os.path.join(ROOT, 'tools', name + '.py'))
    m = importlib.util.module_from_spec(spec)
    sys.modules[name] = m
    spec.loader.exec_module(m)
    return m


tmplc, po, checkdeps = load('tmplc'), load('po'), load('checkdeps')


def compiled(body, head='{{! page t(struct x *v) include "web/x.h" }}'):
    c = tmplc.Compiler('t.html', head + '\n' + body)
    c.compile()
    return c.c_source()


def literal(body):
    """What a template writes whatever the branches do."""
    return ''.join(re.findall(r'out_raw\(o, "((?:[^"\\]|\\.)*)"', compiled(body))).replace('\\n', '\n').replace('\\"', '"')


class Places(unittest.TestCase):
    """Each expression is written for the place it stands in."""
    def test_writers(self):
        for why, body, want in [
            ('element text', '<p>{{v->a}}</p>', 'OUT_TEXT(o, v->a);'),
            ('attribute', '<p title="{{v->a}}"></p>', 'OUT_ATTR(o, v->a);'),
            ('single quotes are quotes', "<p title='{{v->a}}'></p>", 'OUT_ATTR(o, v->a);'),
            ('a whole URL', '<a href="{{v->a}}">x</a>', 'OUT_HREF(o, v->a);'),
            ('part of a URL', '<a href="/t/{{v->a}}">x</a>', 'OUT_PART(o, v->a);'),
            ('the second expression of a URL is a part', '<a href="{{v->b}}{{v->a}}">x</a>', 'OUT_PART(o, v->a);'),
            ('formaction is a URL', '<button formaction="{{v->a}}">x</button>', 'OUT_HREF(o, v->a);'),
            ('each branch begins the URL anew', '<a href="{{#if c}}{{v->b}}{{#else}}{{v->a}}{{/if}}">x</a>', 'OUT_HREF(o, v->a);'),
            ('after a branch the URL may have begun', '<a href="{{#if c}}/b/{{/if}}{{v->a}}">x</a>', 'OUT_PART(o, v->a);'),
            ('translated text', '<p>{{_ "Hi {n}" n=v->a}}</p>', 'TR_FILL(_ap, tr(o->lang, "Hi {n}"), { "n", TMPL_STR(_ap, v->a) })'),
            ('plural', '{{n_ "{n} a" "{n} b" n=v->a}}', 'tr_n(o->lang, "{n} a", "{n} b", (int64_t)(v->a))'),
            ('translated attribute', '<p title="{{_ "Hi"}}"></p>', 'OUT_ATTR(o, tr(o->lang, "Hi"));'),
            ('strings may hold closing braces', '{{f("}}", v->a)}}', 'OUT_TEXT(o, f("}}", v->a));'),
            ('toggle', '<p {{?hidden v->a}}>x</p>', 'if (v->a) out_raw(o, " hidden", 7);'),
            ('current page', '<p {{?aria-current v->a}}>x</p>', '" aria-current=\\"page\\""'),
            ('time', '{{ago v->at}}', 'tmpl_time(o, v->at, -1);'),
            ('a field called date is an expression', '{{date.year}}', 'OUT_TEXT(o, date.year);'),
            ('call', '{{> part(v->a, 1)}}', 'tmpl_part(o, v->a, 1);'),
            ('each', '{{#each x in v->a f(v, 1)}}{{x->n}}{{/each}}', 'const __typeof__(*(v->a)) *x = &(v->a)[x_i]; (void)x;'),
            ('let', '{{#let y = v->a}}{{y}}{{/let}}', '{ const __typeof__(v->a) y = v->a; (void)y;'),
            ('elif', '{{#if a}}1{{#elif b}}2{{/if}}', '} else if (b) {'),
            ('errors point at the template', '<p>\n{{v->a}}</p>', '#line 3 "'),
        ]:
            self.assertIn(want, compiled(body), why)

    def test_white_space(self):
        self.assertEqual(literal('<ul>\n   <li>a  b</li>\n\n\t<li>c</li>\n</ul>\n'), '<ul>\n<li>a b</li>\n<li>c</li>\n</ul>')
        self.assertEqual(literal('<pre>a\n  b</pre>'), '<pre>a\n  b</pre>', 'pre keeps its space')
        self.assertEqual(literal('a <!-- <b> {{!-- secret --}} --> b'), 'a b', 'comments do not reach readers')
        self.assertEqual(literal('<p\n   class="a"\n>x</p>'), '<p class="a" >x</p>')

    def test_sections(self):
        c = tmplc.Compiler('t.html', '{{! page a_head(void)}}<div><p>x</p>{{! page a_foot(int n)}}{{n}}</div>')
        c.compile()
        self.assertEqual([tmplc.prototype(p) for p in c.pages], ['void tmpl_a_head(struct out *o)', 'void tmpl_a_foot(struct out *o, int n)'])

    def test_names(self):
        self.assertNotEqual(tmplc.c_name('/x/src/web/tmpl/desk/ticket.html'), tmplc.c_name('/x/src/web/tmpl/portal/ticket.html'))


class Refusals(unittest.TestCase):
    def test_refused(self):
        for want, body in [
            ('no expressions in a tag', '<p {{v->a}}>x</p>'),
            ("no expressions in a tag's name", '<{{v->a}}>'),
            ('no expressions in an unquoted attribute', '<p title={{v->a}}>x</p>'),
            ('must be quoted', '<p title=a>x</p>'),
            ('no expressions in attribute onclick', '<p onclick="{{v->a}}">x</p>'),
            ('attribute onclick is not allowed', '<p onclick="x">x</p>'),
            ('no expressions in attribute style', '<p style="{{v->a}}">x</p>'),
            ('attribute style is not allowed', '<p style="x">x</p>'),
            ('attribute hx-get is not allowed', '<p hx-get="x">x</p>'),
            ('no inline scripts', '<script>alert(1)</script>'),
            ('no expressions in <script>', '<script src="/a">{{v->a}}</script>'),
            ('must be empty', '<script src="/a">x</script>'),
            ('<style> has no place', '<style>p{}</style>'),
            ('<iframe> has no place', '<iframe src="/x"></iframe>'),
            ('no expressions in a comment', '<!-- {{v->a}} -->'),
            ('</p> closes <b>', '<p><b>x</p>'),
            ('</p> closes nothing', 'x</p>'),
            ('<p> is not closed', '<p>x'),
            ('a branch closes', '{{#if a}}<p>{{/if}}</p>'),
            ('a branch closes', '<p>{{#if a}}</p>{{/if}}'),
            ('a branch closes', '<p title="{{#if a}}">{{/if}}</p>'),
            ('{{#if}} is not closed', '{{#if a}}x'),
            ('{{/each}} closes {{#if}}', '{{#if a}}{{/each}}'),
            ('{{#else}} without', '{{#if a}}{{#else}}{{#else}}{{/if}}'),
            ('an image needs alt', '<img src="/a">'),
            ('without {{csrf}}', '<form method="post" action="/a"></form>'),
            ('without {{csrf}}', '<form method="POST">{{#if a}}{{csrf}}{{/if}}</form>'),
            ('{{csrf}} stands in a form', '{{csrf}}'),
            ('the field has no label', '<input name="a">'),
            ('the field has no label', '<label for="b">B</label><textarea id="a"></textarea>'),
            ('no value for {name}', '{{_ "Hi {name}"}}'),
            ('a plural needs n', '{{n_ "a" "b"}}'),
            ('writes markup', '<p title="{{icon "x"}}"></p>'),
            ('writes markup', '<title>{{> part()}}</title>'),
            ('{{ is not closed', '<p>{{v->a</p>'),
            ('what is {{#unless a}}', '{{#unless a}}{{/unless}}'),
            ('stands twice', '<p class="a" class="b">x</p>'),
            ('noopener', '<a href="/" target="_blank">x</a>'),
            ('is no tag', 'a < b'),
        ]:
            with self.assertRaises(tmplc.Error, msg=body) as e:
                compiled(body)
            self.assertIn(want, str(e.exception), body)
            self.assertRegex(str(e.exception), r'^t\.html:\d+: ')

    def test_allowed(self):
        for body in ['<label>A <input name="a"></label>', '<input name="a" aria-label="A">', '<input type="hidden" name="a">',
                     '<label for="f-{{v->i}}">A</label><input id="f-{{v->i}}">', '<form action="/s"><button>x</button></form>',
                     '<form method="post">{{csrf}}</form>', '<p>{{#if a}}<b>x</b>{{#else}}<i>y</i>{{/if}}</p>', '<br>', '<!doctype html>',
                     '<script src="/a" defer></script>', '<p class="a{{#if b}} b{{/if}}">x</p>']:
            compiled(body)

    def test_same_page_twice(self):
        c = tmplc.Compiler('t.html', '{{! page a()}}x{{! page a()}}y')
        c.compile()
        with self.assertRaises(tmplc.Error):
            tmplc.header([c])


class Catalogues(unittest.TestCase):
    def test_found(self):
        with tempfile.TemporaryDirectory() as d:
            os.makedirs(f'{d}/src/web/tmpl')
            with open(f'{d}/src/web/a.c', 'w') as f:
                f.write('x = _(o.lang, "One " "text"); tr_n(l, "{n} a",\n "{n} b", n); N_("later"); other(l, "not this");')
            with open(f'{d}/src/web/tmpl/a.html', 'w') as f:
                f.write('{{_ "Say \\"hi\\" {n}" n=1}} {{n_ "{n} c" "{n} d" n=2}}')
            self.assertEqual({k: v[0] for k, v in po.texts(d).items()},
                             {'One text': None, '{n} a': '{n} b', 'later': None, 'Say \\"hi\\" {n}': None, '{n} c': '{n} d'})

    def test_problems(self):
        for why, entry, mid, plural, want in [
            ('fine', (None, 'Hola {n}', None, False), 'Hi {n}', None, None),
            ('nothing there', None, 'Hi', None, 'not translated'),
            ('empty', (None, '', None, False), 'Hi', None, 'not translated'),
            ('fuzzy', (None, 'Hola', None, True), 'Hi', None, 'fuzzy'),
            ('a lost placeholder', (None, 'Hola', None, False), 'Hi {n}', None, 'placeholders differ'),
            ('an invented placeholder', (None, 'Hola {m}', None, False), 'Hi', None, 'placeholders differ'),
            ('half a plural', ('{n} b', '{n} x', '', False), '{n} a', '{n} b', 'not translated'),
            ('the number may be left out of the singular', ('{n} b', 'una x', '{n} xs', False), 'one a', '{n} b', None),
        ]:
            self.assertEqual(po.problem(mid, plural, entry), want, why)

    def test_round_trip(self):
        with tempfile.TemporaryDirectory() as d:
            entries = {'Hi "x"'.replace('"', '\\"'): (None, 'Hola', None, False), '{n} a': ('{n} b', '{n} c', '{n} d', True)}
            po.write_po(f'{d}/es.po', 'es', entries, {})
            self.assertEqual(po.read_po(f'{d}/es.po'), entries)


class Includes(unittest.TestCase):
    def test_directions(self):
        self.assertIsNone(checkdeps.wrong('ticket', 'entitlement/entitlement.h'))
        self.assertIsNone(checkdeps.wrong('account', 'auth/actor.h'))
        self.assertIsNone(checkdeps.wrong('web', 'http/http.h'))
        self.assertIsNotNone(checkdeps.wrong('entitlement', 'ticket/ticket.h'), 'upwards in the domain')
        self.assertIsNotNone(checkdeps.wrong('web', 'mail/mail.h'), 'edges do not meet')
        self.assertIsNotNone(checkdeps.wrong('ticket', 'http/http.h'), 'the domain does not know HTTP')
        self.assertIsNotNone(checkdeps.wrong('util', 'db/db.h'), 'upwards')

    def test_cycle(self):
        self.assertEqual(checkdeps.cycle({'a': ['b'], 'b': ['c'], 'c': []}), None)
        self.assertEqual(set(checkdeps.cycle({'a': ['b'], 'b': ['c'], 'c': ['b']})), {'b', 'c'})


if __name__ == '__main__':
    unittest.main()
