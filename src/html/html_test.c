/* The cleaner: what becomes of markup, and that nothing hostile is left of it. Every vector is also cleaned twice, and its
 * result read by a scanner that knows nothing of the cleaner. */
#include "html/html.h"
#include "test/test.h"

static const struct html_options KEEP = { .keep_cid = true, .own_images = STR_INIT("/attachments/") };

static bool is_listed(struct str name, const char *list)
{
	AUTO_ARENA a;

	arena_init(&a);
	return str_find(str_of(list), arena_strf(&a, " " STR_F " ", STR_A(name))) != STR_NONE;
}

static bool good_attr(struct str name, struct str v)
{
	if (str_is(name, "href"))
		return str_starts(v, STR("http://")) || str_starts(v, STR("https://")) || str_starts(v, STR("mailto:")) || str_starts(v, STR("tel:"));
	if (str_is(name, "src"))
		return str_starts(v, STR("cid:")) || str_starts(v, STR("/attachments/"));
	return is_listed(name, " title rel alt width height dir lang colspan rowspan start ");
}

/* Are all tags of the list, all attributes too, and everything else text without "<"? */
static bool is_harmless(struct str s)
{
	static const char *const tags = " a abbr b blockquote br cite code dd del dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp "
					"small strong sub sup table tbody td tfoot th thead tr u ul var ";
	size_t lt;

	while ((lt = str_find_byte(s, '<')) != STR_NONE) {
		struct str tag = str_from(s, lt + 1), name, rest;
		size_t gt = str_find_byte(tag, '>');

		if (gt == STR_NONE)
			return false;
		s = str_from(tag, gt + 1);
		tag = str_sub(tag, 0, gt);
		bool end = str_starts(tag, STR("/"));
		rest = str_from(tag, end);
		if (!str_cut(&rest, ' ', &name) || !is_listed(name, tags) || (end && rest.n))
			return false;
		while (rest.n) {
			size_t eq = str_find(rest, STR("=\"")), close = eq == STR_NONE ? STR_NONE : str_find_byte(str_from(rest, eq + 2), '"');

			if (close == STR_NONE || !good_attr(str_sub(rest, 0, eq), str_sub(rest, eq + 2, close)))
				return false;
			rest = str_from(rest, eq + 2 + close + 1);
			if (rest.n && rest.p[0] != ' ')
				return false;
			rest = str_from(rest, 1);
		}
	}
	return true;
}

static bool survives(struct test *t, const char *html)
{
	struct html_result r = html_clean(&t->arena, str_of(html), &KEEP), again = html_clean(&t->arena, r.html, &KEEP);
	bool ok = str_eq(r.html, again.html) && is_harmless(r.html) && str_utf8_valid(r.html);

	if (!ok)
		fprintf(stderr, "    %s\n -> " STR_F "\n -> " STR_F "\n", html, STR_A(r.html), STR_A(again.html));
	return ok;
}

#define LINK(url, text) "<a href=\"" url "\" rel=\"noopener noreferrer nofollow\">" text "</a>"

TEST(html_rebuilds_markup)
{
	static const struct { const char *why, *in, *out; } rows[] = {
		{ "text is text", "a & b < c", "a &amp; b &lt; c" },
		{ "references are resolved and escaped again", "&lt;b&gt;&amp;&quot;&eacute;&#233;&#xe9;&nbsp;", "&lt;b&gt;&amp;\"\xc3\xa9\xc3\xa9\xc3\xa9&nbsp;" },
		{ "unknown references stay text", "&foo; &copyx &;", "&amp;foo; \xc2\xa9x &amp;;" },
		{ "C1 numbers are Windows-1252", "&#128;&#150;", "\xe2\x82\xac\xe2\x80\x93" },
		{ "impossible numbers are no characters", "&#0;&#xd800;&#x110000;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "a paragraph ends the one before", "<p>a<p>b", "<p>a</p><p>b</p>" },
		{ "formatting is closed before a block ends", "<p><b>a</p>b", "<p><b>a</b></p>b" },
		{ "misnested formatting is nested", "<b>a<i>b</b>c</i>", "<b>a<i>b</i></b><i>c</i>" },
		{ "a block in formatting turns inside out", "<b><div>a</div></b>", "<div><b>a</b></div>" },
		{ "doubled formatting is single", "<b><b>a</b>b</b>", "<b>ab</b>" },
		{ "links do not nest", "<a href=http://x>a<a href=http://y>b</a>", LINK("http://x", "a") LINK("http://y", "b") },
		{ "a link keeps its title", "<a title='a\"b' href=https://x>y</a>", "<a href=\"https://x\" title=\"a&quot;b\" rel=\"noopener noreferrer nofollow\">y</a>" },
		{ "the sender's target and rel are gone", "<a href=http://x target=_top rel=opener>y</a>", LINK("http://x", "y") },
		{ "addresses of mail stay", "<a href='MailTo:a@b'>y</a>", LINK("mailto:a@b", "y") },
		{ "telephone numbers stay", "<a href='tel:+1'>y</a>", LINK("tel:+1", "y") },
		{ "relative addresses go", "<a href=/x>y</a><a href=//e/>z</a>", "yz" },
		{ "an address without slashes would be ours", "<a href=https:evil>y</a>", "y" },
		{ "styles and scripts go with their content", "a<style>b</style><script>c</script>d", "ad" },
		{ "a title is no text", "<head><title>t</title></head>a", "a" },
		{ "vector graphics go with their content", "a<svg><text>b</text></svg>c", "ac" },
		{ "one without end takes nothing with it", "a<svg>b", "ab" },
		{ "forms are unwrapped, controls dropped", "<form>a<input value=b><textarea>c</textarea><select><option>d</select></form>", "a" },
		{ "comments go", "a<!-- b -->c<!-->d<!--->e<!--x--!>f", "acdef" },
		{ "other declarations go", "a<!doctype html><?php b ?><![CDATA[c]]>d", "ad" },
		{ "lists are lists", "<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>" },
		{ "text in a list becomes an item", "<ul>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>" },
		{ "an item makes its list", "<li>a", "<ul><li>a</li></ul>" },
		{ "tables get all their levels", "<table><td>a<tr><th>b", "<table><tbody><tr><td>a</td></tr><tr><th>b</th></tr></tbody></table>" },
		{ "what is loose in a table gets a cell", "<table>a<tr><td>b</table>", "<table><tbody><tr><td>a</td></tr><tr><td>b</td></tr></tbody></table>" },
		{ "spans of cells stay", "<table><tr><td colspan=2 rowspan='3' style=x>a</table>", "<table><tbody><tr><td colspan=\"2\" rowspan=\"3\">a</td></tr></tbody></table>" },
		{ "absurd spans go", "<table><tr><td colspan=99999999>a</table>", "<table><tbody><tr><td>a</td></tr></tbody></table>" },
		{ "an end tag does not leave its cell", "<div><table><tr><td></div>a</table>b", "<div><table><tbody><tr><td>a</td></tr></tbody></table>b</div>" },
		{ "headings do not nest", "<h1>a<h2>b", "<h1>a</h1><h2>b</h2>" },
		{ "line ends at the start of <pre> go", "<pre>\n\na\n b</pre>", "<pre>a\n b</pre>" },
		{ "an image of the mail stays for now", "<img src=cid:x alt=y width=10>", "<img src=\"cid:x\" alt=\"y\" width=\"10\">" },
		{ "our own image stays", "<img src=/attachments/abc>", "<img src=\"/attachments/abc\" alt=\"\">" },
		{ "but no other of our addresses", "<img src=/attachments/../logout alt=z>", "[image: z]" },
		{ "remote images are words", "<img src=http://t/x.gif alt='A <b>'>", "[image: A &lt;b&gt;]" },
		{ "counters are nothing", "<img src=http://t/x.gif width=1>", "" },
		{ "direction and language stay", "<p dir=RTL lang=ar class=x id=y data-z=1 hx-get=/>a</p>", "<p dir=\"rtl\" lang=\"ar\">a</p>" },
		{ "old elements have new names", "<center><tt>a</tt><strike>b</strike><font color=red>c</font></center>", "<div><code>a</code><s>b</s>c</div>" },
		{ "a tag the input ends in is nothing", "a<b onclick='", "a" },
		{ "NUL is nothing, in names too", "a<b\1>c", "ac" },
		{ "<xmp> is text", "<xmp><b>a</xmp>", "<pre>&lt;b&gt;a</pre>" },
		{ "a rule ends a paragraph", "<p>a<hr>b", "<p>a</p><hr>b" },
		{ "attributes need no quotes or spaces", "<a href=\"http://x\"title=\"t\"onclick=\"y\">a</a>", "<a href=\"http://x\" title=\"t\" rel=\"noopener noreferrer nofollow\">a</a>" },
		{ "the first of two equal attributes counts", "<a href=http://x href=javascript:y>a</a>", LINK("http://x", "a") },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		EXPECT_STR(rows[i].why, html_clean(&t->arena, str_of(rows[i].in), &KEEP).html, rows[i].out);
		EXPECT(rows[i].why, survives(t, rows[i].in));
	}
}

/* Published vectors of mutation and plain XSS, of CSS and of remote loads, each with its own turn. */
static const char *const hostile[] = {
	"<script>alert(1)</script>", "<SCRIPT SRC=//x></SCRIPT>", "<scr<script>ipt>alert(1)</scr</script>ipt>", "<img src=x onerror=alert(1)>", "<img/src=x/onerror=alert(1)>",
	"<img src=`x`onerror=alert(1)>", "<img \"\"\"><script>alert(1)</script>\">", "<svg onload=alert(1)>", "<svg/onload=alert(1)//", "<svg><script>alert(1)</script></svg>",
	"<svg><a xlink:href=javascript:alert(1)><text x=20 y=20>x</text></a></svg>", "<math><a xlink:href=javascript:alert(1)>x", "<body onload=alert(1)>", "<iframe src=javascript:alert(1)>",
	"<iframe srcdoc='<script>alert(1)</script>'></iframe>", "<object data=javascript:alert(1)>", "<embed src=javascript:alert(1)>", "<a href=javascript:alert(1)>x</a>",
	"<a href=' javascript:alert(1)'>x</a>", "<a href='java\tscript:alert(1)'>x</a>", "<a href='java&#10;script:alert(1)'>x</a>", "<a href='&#x6a;avascript:alert(1)'>x</a>",
	"<a href='javascript&colon;alert(1)'>x</a>", "<a href='\x01javascript:alert(1)'>x</a>", "<a href=JaVaScRiPt:alert(1)>x</a>", "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
	"<a href=vbscript:x>x</a>", "<a href='file:///etc/passwd'>x</a>", "<a href='blob:x'>x</a>", "<a href='http://x\" onclick=\"alert(1)'>x</a>", "<a href=\"http://x' onclick='alert(1)\">x</a>",
	"<a href=http://x\"onclick=alert(1)>x</a>", "<form action=javascript:alert(1)><button>x</button></form>", "<button formaction=javascript:alert(1)>x", "<input onfocus=alert(1) autofocus>",
	"<details open ontoggle=alert(1)>x", "<video><source onerror=alert(1)></video>", "<audio src=x onerror=alert(1)>", "<marquee onstart=alert(1)>x</marquee>", "<meta http-equiv=refresh content='0;url=//x'>",
	"<base href=//evil/>", "<link rel=stylesheet href=//x>", "<style>@import '//x'</style>", "<div style='background:url(//x)'>a</div>", "<div style='position:fixed;inset:0'>a</div>",
	"<style>input[value^=a]{background:url(//x)}</style>", "<table background=//x><td background=//x>a", "<body background=//x>", "<input type=image src=//x>", "<img srcset='//x 1x'>",
	"<picture><source srcset=//x><img src=//y></picture>", "<video poster=//x>", "<bgsound src=//x>", "<svg><image href=//x /></svg>", "<svg><use href=//x#y /></svg>", "<svg><feImage href=//x /></svg>",
	"<svg><animate attributeName=href values=javascript:alert(1) /></svg>", "<svg><set attributeName=onmouseover to=alert(1)></svg>", "<object data=//x><img src=//y></object>", "<embed src=//x>",
	"<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">", "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
	"<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>", "<svg><style>&lt;/style>&lt;img src=x onerror=alert(1)>", "<math><annotation-xml encoding=text/html><style><img src=x onerror=alert(1)></style>",
	"<template><script>alert(1)</script></template>", "<select><template><img src=x onerror=alert(1)></template></select>", "<select><style></select><img src=x onerror=alert(1)>", "<textarea></textarea><img src=x onerror=alert(1)>",
	"<title></title><img src=x onerror=alert(1)>", "<xmp></xmp><img src=x onerror=alert(1)>", "<noembed></noembed><img src=x onerror=alert(1)>", "<plaintext><img src=x onerror=alert(1)>", "<listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
	"<!--><img src=x onerror=alert(1)>-->", "<!--[if IE]><script>alert(1)</script><![endif]-->", "<!-- --!><img src=x onerror=alert(1)>", "<![CDATA[<img src=x onerror=alert(1)>]]>", "<?xml ?><img src=x onerror=alert(1)>",
	"</><img src=x onerror=alert(1)>", "</ x><img src=x onerror=alert(1)>", "<<img src=x onerror=alert(1)>>", "<img src=x onerror=alert(1)", "<p id=x class=y hx-get=/ data-x=1 onclick=z>a", "<a href=http://x ping=//y>z</a>",
	"<a href=http://x target=_blank>z</a>", "<b><p><i></b>x</i>", "<p><table><p>x</table>", "<table><a href=http://x><tr><td>y</a>", "<a href=http://x><table><a href=http://y>z", "<dl><dt><dl><dd><dt>x", "<ul><div><li><p><li>x",
	"<h1><h2></h1>x</h2>", "<pre>\n\n\nx", "<pre><pre>\nx", "<li><ul></li>x", "<table><table><tr><table>x", "<td>x</td>y", "<tr>x", "<tbody>x", "</p>x", "</br>x", "<caption>x", "<col>x", "<table><caption><table>x", "<table><col><tr>x",
	"<table><tr><td><table></td>x", "<b><table><tr><td></b>x", "<nobr><nobr>x", "<button><button>x", "<ruby>a<rt>b<rp>c", "<frameset><frame src=//x>", "<applet code=x>y</applet>", "<layer src=//x>y</layer>", "<ilayer>x", "<isindex action=javascript:alert(1)>",
	"<keygen autofocus onfocus=alert(1)>", "<image src=x onerror=alert(1)>", "<custom-element onclick=x>y</custom-element>", "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>", "<a\fhref=javascript:alert(1)>x", "<a/href='javascript:alert(1)'/>x",
	"<img src=cid:x\" onerror=alert(1)>", "<img src='cid:x\"><script>alert(1)</script>'>", "<img src=cid:x alt='\"><script>'>", "<img src=data:image/svg+xml,x>", "<img src='data:image/png;base64,AAAA'>", "<img src=//x>", "<img src=\\\\x>", "<img src='ht\ntp://x'>",
	"<img dynsrc=javascript:x lowsrc=//y>", "<b style=\"x:expression(alert(1))\">y</b>", "<div style=\"behavior:url(x)\">y", "<div style='x:\\65xpression(1)'>y", "<a style='-moz-binding:url(x)'>y", "&lt;script&gt;alert(1)&lt;/script&gt;", "&amp;lt;script&amp;gt;",
	"&#60;script&#62;", "\xc0\xbcscript\xc0\xbe", "\xef\xbc\x9cscript\xef\xbc\x9e", "+ADw-script+AD4-", "<\xe2\x80\x8bscript>x", "<script\xc2\xa0>x</script>", "\xff\xfe<script>x", "<p title='<script>'>x", "<a title=\"&quot;&gt;&lt;img src=x onerror=alert(1)&gt;\" href=http://x>y</a>",
	"<a href='http://x?a=<b>\"c'>y</a>", "<a href=\"mailto:a@b?body=<script>\">y</a>", "<a href='https://user@host:1/x#y'>z</a>", "<a href='http://[::1]/'>z</a>", "<a href='http://\xd1\x85.example'>z</a>", "<a href=http:///x>y</a>", "<a href=http:\\\\x>y</a>", "<a href=https://>y</a>",
	"<blockquote type=cite cite=//x>a</blockquote>", "<div class='gmail_quote'>a<div>b", "<details class=quoted><summary>x</summary>y</details>", "<del datetime=x>a</del>", "<q cite=javascript:x>a</q>", "<ol start=-1 type=a><li value=3>x", "<bdo dir=rtl>x</bdo>", "<p dir='rtl\" onclick=\"x'>y",
	"<p lang='en\" onclick=\"x'>y", "<td colspan='2\" onclick=\"x'>y", "<table><td colspan='2\" x='>y", "<a href=http://x><b><a href=http://y><b><a href=http://z><b>q",
};

TEST(html_leaves_nothing_hostile)
{
	EXPECT("there are many vectors (S-01, S-05, S-06)", COUNT(hostile) >= 150);
	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct str around = arena_strf(&t->arena, "<table><tr><td><p>%s</p></table><ul><li>%s", hostile[i], hostile[i]);

		EXPECT(hostile[i], survives(t, hostile[i]));
		EXPECT(hostile[i], survives(t, around.p));
	}
}

TEST(html_limits_hold)
{
	char *deep = arena_alloc(&t->arena, 600001);
	struct html_result r;

	for (int i = 0; i < 120000; i++)
		memcpy(deep + (size_t)i * 5, "<div>", 5);
	r = html_clean(&t->arena, str_of(deep), NULL);
	EXPECT_EQ("nesting ends at the limit", r.html.n, HTML_MAX_DEPTH * 11);
	r = html_clean(&t->arena, STR("<p>aaaaaaaaaa</p><p>bbbbbbbbbb</p><p>cccccccccc</p>"), &(struct html_options){ .max_output = 40 });
	EXPECT_STR("what is beyond the size is dropped, and the rest is balanced", r.html, "<p>aaaaaaaaaa</p><p>bbbbbbbbbb</p>");
	EXPECT("and it says so", r.truncated);
}

TEST(html_finds_quoted_history)
{
	static const struct { const char *why, *in, *folded; } rows[] = {
		{ "Gmail", "<div dir=ltr>Yes</div><div class=\"gmail_quote\">On ... wrote:<blockquote>No</blockquote></div>", "<div dir=\"ltr\">Yes</div><details class=\"quoted\"><div>On ... wrote:<blockquote>No</blockquote></div></details>" },
		{ "a container inside boxes", "<div>Yes<div class=yahoo_quoted>old</div></div>", "<div>Yes</div><details class=\"quoted\"><div>old</div></details><div></div>" },
		{ "Outlook: to the end", "<p>Yes</p><div id=divRplyFwdMsg><b>From:</b> x</div><div>old</div>", "<p>Yes</p><details class=\"quoted\"><div><b>From:</b> x</div><div>old</div></details>" },
		{ "Apple Mail", "Yes<blockquote type=cite>old</blockquote>", "Yes<details class=\"quoted\"><blockquote>old</blockquote></details>" },
		{ "Thunderbird, answered below", "<div class=moz-cite-prefix>On:</div><blockquote type=cite>old</blockquote><p>Yes</p>", "<details class=\"quoted\"><div>On:</div><blockquote>old</blockquote></details><p>Yes</p>" },
		{ "nothing but a quote is not folded", "<div class=gmail_quote>old</div>", "<div>old</div>" },
		{ "no quote, no fold", "<p>Yes</p>", "<p>Yes</p>" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct html_result r = html_clean(&t->arena, str_of(rows[i].in), NULL);

		EXPECT_STR(rows[i].why, html_fold(&t->arena, &r), rows[i].folded);
	}
	EXPECT_STR("the summary is text in any language", html_summary(&t->arena, STR("a<details class=\"quoted\">b</details>"), STR("Q<>")),
		   "a<details class=\"quoted\"><summary>Q&lt;&gt;</summary>b</details>");
}

static struct str path_of(void *arg, struct arena *a, struct str cid)
{
	return str_is(cid, "a&b") ? STR("/attachments/t1") : STR_NULL;
}

TEST(html_images_get_their_addresses)
{
	struct html_result r = html_clean(&t->arena, STR("<img src='cid:a&amp;b' alt=x>&lt;img src=\"cid:a&amp;b\"&gt;<img src=cid:zz alt='y<'>"), &KEEP);

	EXPECT_STR("known ones are shown, others are words, and text is left alone", html_images(&t->arena, r.html, path_of, NULL),
		   "<img src=\"/attachments/t1\" alt=\"x\">&lt;img src=\"cid:a&amp;b\"&gt;[image: y&lt;]");
}

TEST(html_becomes_text)
{
	static const struct { const char *why, *in, *out; } rows[] = {
		{ "paragraphs are apart", "<p>a</p><p>b</p>", "a\n\nb\n" },
		{ "boxes are lines", "<div>a</div><div>b</div>", "a\nb\n" },
		{ "breaks are lines", "a<br>b<br><br>c", "a\nb\n\nc\n" },
		{ "white space is one space", "a \n  b\t c", "a b c\n" },
		{ "lists have marks", "<ul><li>a<li>b<ol><li>c</ol></ul>", "- a\n- b\n  1. c\n" },
		{ "links show where they lead", "<a href=http://x/y>here</a>", "here <http://x/y>\n" },
		{ "but not twice", "<a href=http://x/>x</a> <a href=mailto:a@b>a@b</a>", "x a@b\n" },
		{ "quotes have marks", "a<blockquote>b<br>c</blockquote>d", "a\n> b\n> c\nd\n" },
		{ "tables are rows", "<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc\n" },
		{ "preformatted text stays", "<pre>a\n  b</pre>", "a\n  b\n" },
		{ "scripts are not text", "<script>x</script>a", "a\n" },
		{ "nothing is nothing", "", "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		EXPECT_STR(rows[i].why, html_to_text(&t->arena, str_of(rows[i].in)), rows[i].out);
}

TEST(html_is_made_of_text)
{
	static const struct { const char *why, *in, *out; } rows[] = {
		{ "text is escaped", "a <b> & \"c\"", "<p>a &lt;b&gt; &amp; \"c\"</p>" },
		{ "lines and paragraphs stay", "a\r\nb\n\nc", "<p>a<br>b</p><p>c</p>" },
		{ "addresses are links, full stops are not", "see http://x/y?a=1&b. Then", "<p>see " LINK("http://x/y?a=1&amp;b", "http://x/y?a=1&amp;b") ". Then</p>" },
		{ "brackets belong to the sentence", "(https://x/y)", "<p>(" LINK("https://x/y", "https://x/y") ")</p>" },
		{ "other schemes are text", "javascript:alert(1) xhttp://y", "<p>javascript:alert(1) xhttp://y</p>" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str s = html_from_text(&t->arena, str_of(rows[i].in));

		EXPECT_STR(rows[i].why, s, rows[i].out);
		EXPECT("it is clean already", str_eq(html_clean(&t->arena, s, NULL).html, s));
	}
}

TEST(html_pages_have_some_forms_more)
{
	static const struct html_options pages = { .own_images = STR_INIT("/kb/media/"), .pages = true };
	static const struct { const char *why, *in, *out; } rows[] = {
		{ "boxes with our classes", "<div class='adm adm-note evil' id='s-x' onclick=x>a</div>", "<div class=\"adm adm-note\" id=\"s-x\">a</div>" },
		{ "no identifiers but ours", "<p id=main>a<p id='s-a b'>b<p id='fn-1'>c", "<p>a</p><p>b</p><p id=\"fn-1\">c</p>" },
		{ "spans only for colours", "<span>a</span><span class=hl-k>b</span><span class=x>c</span>", "a<span class=\"hl-k\">b</span>c" },
		{ "details with their summary first", "<details open ontoggle=x name='s-t'><summary>a</summary>b</details>", "<details name=\"s-t\" open><summary>a</summary>b</details>" },
		{ "a summary elsewhere is a box", "<summary>a</summary><details>x<summary>b</summary></details>", "<div>a<details>x<div>b</div></details></div>" },
		{ "links to our own paths", "<a href='/kb/x#s-y' rel=opener>a</a>", "<a href=\"/kb/x#s-y\">a</a>" },
		{ "and places of this page", "<a href='#s-y'>a</a><a href='#main'>b</a>", "<a href=\"#s-y\">a</a>b" },
		{ "not to others by a path (S-50)", "<a href='//e.example'>a</a><a href='/\\e.example'>b</a><a href='/../x'>c</a>", "abc" },
		{ "the web as in mails", "<a class=zoom href=http://x>a</a>", "<a href=\"http://x\" class=\"zoom\" rel=\"noopener noreferrer nofollow\">a</a>" },
		{ "our pictures wait until they are seen", "<img src=/kb/media/abc alt=a>", "<img src=\"/kb/media/abc\" alt=\"a\" loading=\"lazy\">" },
		{ "pictures of others stay words", "<figure><img src=http://t/x.gif alt=a><figcaption>b</figcaption></figure>", "<figure>[image: a]<figcaption>b</figcaption></figure>" },
		{ "what scrolls can be reached by keys", "<pre>a</pre><div class=table><table><tr><td class=right>a</table></div>",
		  "<pre tabindex=\"0\">a</pre><div class=\"table\" tabindex=\"0\"><table><tbody><tr><td class=\"right\">a</td></tr></tbody></table></div>" },
		{ "quotes of mails are nothing special", "<div>a</div><div class=gmail_quote>b</div>", "<div>a</div><div>b</div>" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str once = html_clean(&t->arena, str_of(rows[i].in), &pages).html;

		EXPECT_STR(rows[i].why, once, rows[i].out);
		EXPECT_STR(rows[i].why, html_clean(&t->arena, once, &pages).html, rows[i].out);
	}
	EXPECT_STR("mails have none of them", html_clean(&t->arena, STR("<details class=adm id=s-x><summary>a</summary></details><a href=/kb/x>b</a>"), NULL).html,
	           "<div><div>a</div></div>b");
}
