/* Markdown: what each form becomes, what is found wrong, and that nothing of an author or a reader becomes markup. */
#include "html/html.h"
#include "markdown/markdown.h"
#include "test/test.h"

static struct str html_of(struct test *t, const char *text)
{
	struct markdown_page p;

	markdown_render(&t->arena, str_of(text), NULL, &p);
	return p.html;
}

TEST(markdown_forms)
{
	static const struct {
		const char *why, *in, *out;
	} rows[] = {
		{"nothing is nothing",                         "",		                                    ""		                                       },
		{ "raw HTML is text",                          "<b>x</b>\n\n<div>y</div>",
                 "<p>&lt;b&gt;x&lt;/b&gt;</p><p>&lt;div&gt;y&lt;/div&gt;</p>"		                                                                                  },
		{ "entities are characters",                   "a &amp; &lt;b&gt; &eacute;",                          "<p>a &amp; &lt;b&gt; \xc3\xa9</p>"                      },
		{ "a heading has its anchor",                  "## Getting Started: ¡Sí!",
                 "<h2 id=\"s-getting-started-si\">Getting Started: ¡Sí!</h2>"		                                                                                },
		{ "or the author's",                           "## Install {#setup_x}",                               "<h2 id=\"s-setup_x\">Install </h2>"                     },
		{ "equal headings have different anchors",     "## A\n## A",
                 "<h2 id=\"s-a\">A</h2><h2 id=\"s-a-1\">A</h2>"		                                                                                                },
		{ "the title of the page is the only level 1", "# A",                                                 "<h2 id=\"s-a\">A</h2>"                                  },
		{ "code in a heading",                         "## The `x` *y*",                                      "<h2 id=\"s-the-x-y\">The <code>x</code> <em>y</em></h2>"},
		{ "a table with short rules",                  "|a|b|\n|-|-:|\n|1|2|",
                 "<div class=\"table\" tabindex=\"0\"><table><thead><tr><th>a</th><th "
		  "class=\"right\">b</th></tr></thead><tbody><tr><td>1</td><td "
		  "class=\"right\">2</td></tr></tbody></table></div>"		                                                                                          },
		{ "tasks",		                     "- [x] a\n- [ ] b",
                 "<ul><li class=\"task\"><span class=\"box\">☑</span> a</li><li class=\"task\"><span "
		  "class=\"box\">☐</span> b</li></ul>"		                                                                                                       },
		{ "an alert of GitHub",                        "> [!WARNING]\n> a *b*",
                 "<div class=\"adm adm-warning\"><p class=\"adm-title\">Warning</p><p>a <em>b</em></p></div>"                                                                  },
		{ "a quote is a quote",                        "> [!NOPE]\n> a",                                      "<blockquote><p>[!NOPE]\na</p></blockquote>"             },
		{ "a container",                               ":::note Mind this\na\n\n- b\n:::\nc",
                 "<div class=\"adm adm-note\"><p class=\"adm-title\">Mind "
		  "this</p><p>a</p><ul><li>b</li></ul></div><p>c</p>"		                                                                                          },
		{ "one in braces, nested by more colons",      "::::{tip}\n:::danger[X]\na\n:::\nb\n::::",
                 "<div class=\"adm adm-tip\"><p class=\"adm-title\">Tip</p><div class=\"adm adm-caution\"><p "
		  "class=\"adm-title\">X</p><p>a</p></div><p>b</p></div>"		                                                                                      },
		{ "an unknown container is text",              ":::what\na",                                          "<p>:::what\na</p>"                                      },
		{ "details",		                   ":::details More\na\n:::",                             "<details><summary>More</summary><p>a</p></details>"     },
		{ "tabs",		                      ":::tabs\n=== A\nx\n=== \"B\"\ny\n:::",
                 "<div class=\"tabs\"><details class=\"tab\" name=\"s-tabs-1\" "
		  "open><summary>A</summary><p>x</p></details><details class=\"tab\" "
		  "name=\"s-tabs-1\"><summary>B</summary><p>y</p></details></div>"		                                                                             },
		{ "in a block of code all is text",            "```\n:::note\n[^1] {{> x}}\n> [!NOTE]\n```",
                 "<pre class=\"code\" tabindex=\"0\"><code>:::note\n[^1] {{&gt; x}}\n&gt; [!NOTE]\n</code></pre>"                                                              },
		{ "and in code of a line",                     "`[^1]` `:::`\n\n[^1]: x",                             "<p><code>[^1]</code> <code>:::</code></p>"              },
		{ "colours",		                   "```js\nlet a = 'b'; // c\n```",
                 "<pre class=\"code\" tabindex=\"0\"><code class=\"language-js\"><span class=\"hl-k\">let</span> a = "
		  "<span class=\"hl-s\">'b'</span>; <span class=\"hl-c\">// c</span>\n</code></pre>"                                                                           },
		{ "of an unknown language none",               "```brainfuck\n<b>\n```",
                 "<pre class=\"code\" tabindex=\"0\"><code class=\"language-brainfuck\">&lt;b&gt;\n</code></pre>"                                                              },
		{ "footnotes",		                 "a[^x]\n\n[^x]: b *c*\n    d\n\ne",
                 "<p>a<sup><a href=\"#fn-1\" class=\"fn\" id=\"fnref-1\">1</a></sup></p><p>e</p><div "
		  "class=\"footnotes\"><hr><ol><li id=\"fn-1\"><p>b <em>c</em>\nd "
		  "<a href=\"#fnref-1\" title=\"Back\" class=\"fnback\">↩</a></p></li></ol></div>"                                                                           },
		{ "a picture of ours",                         "![A door](media:abc)",
                 "<p><img src=\"/kb/media/abc\" alt=\"A door\" loading=\"lazy\"></p>"		                                                                          },
		{ "with a caption",                            "![A door](media:abc \"The door\")",
                 "<figure><img src=\"/kb/media/abc\" alt=\"A door\" loading=\"lazy\"><figcaption>The "
		  "door</figcaption></figure>"		                                                                                                                 },
		{ "a picture from elsewhere is a link (S-06)", "![cat](https://e.example/c.png)",
                 "<p><a href=\"https://e.example/c.png\" rel=\"noopener noreferrer nofollow\">[cat]</a></p>"                                                                   },
		{ "links to pages",                            "[a](kb:x#y) [b](/kb/z) [c](#d)\n\n## D",
                 "<p><a href=\"/kb/x#s-y\">a</a> <a href=\"/kb/z\">b</a> <a href=\"#s-d\">c</a></p><h2 "
		  "id=\"s-d\">D</h2>"		                                                                                                                          },
		{ "links that lead nowhere are text",          "[a](javascript:alert(1)) [b](x.md) [c](//e.example)",
                 "<p>a b c</p>"		                                                                                                                                },
		{ "addresses are links",                       "https://e.example/x.",
                 "<p><a href=\"https://e.example/x\" rel=\"noopener noreferrer "
		  "nofollow\">https://e.example/x</a>.</p>"		                                                                                                    },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		EXPECT_STR(rows[i].why, html_of(t, rows[i].in), rows[i].out);
}

static struct str problems_of(struct test *t, const struct markdown_page *p)
{
	struct str s = STR("");

	for (size_t i = 0; i < p->n_problems; i++)
		s = arena_strf(&t->arena, STR_F "%d:" STR_F ";", STR_A(s), (int)p->problems[i].what,
		               STR_A(p->problems[i].detail));
	return s;
}

TEST(markdown_problems)
{
	static const struct {
		const char *why, *in;
		enum markdown_wrong what;
		const char *detail;
	} rows[] = {
		{"no alternative text",                "![](media:abc)",           MARKDOWN_NO_ALT,           "media:abc"         },
		{ "a picture from elsewhere",          "![x](http://e.example/x)", MARKDOWN_REMOTE_IMAGE,     "http://e.example/x"},
		{ "a picture that was not uploaded",   "![x](img/x.png)",          MARKDOWN_REMOTE_IMAGE,     "img/x.png"         },
		{ "a level is skipped",                "## A\n#### B",             MARKDOWN_HEADING_ORDER,    "B"                 },
		{ "the first heading is too low",      "### A",                    MARKDOWN_HEADING_ORDER,    "A"                 },
		{ "a second title",                    "# A",                      MARKDOWN_HEADING_ORDER,    "A"                 },
		{ "an empty heading",                  "##",                       MARKDOWN_EMPTY_HEADING,    "2"                 },
		{ "a link without text",               "[](http://e.example)",     MARKDOWN_EMPTY_LINK,       "http://e.example"  },
		{ "a link without address",            "[x]()",                    MARKDOWN_EMPTY_LINK,       ""                  },
		{ "a link to nowhere",                 "[x](y.md)",                MARKDOWN_BAD_LINK,         "y.md"              },
		{ "an anchor that is not there",       "[x](#y)",                  MARKDOWN_DEAD_ANCHOR,      "#y"                },
		{ "an unknown variable",               "a {{site.hots}}",          MARKDOWN_UNKNOWN_VARIABLE, "site.hots"         },
		{ "an include without anybody to ask", "{{> x}}",                  MARKDOWN_INCLUDE_MISSING,  "x"                 },
		{ "a footnote that is not written",    "a[^b]",                    MARKDOWN_FOOTNOTE,         "b"                 },
		{ "one that is not used",              "a\n\n[^b]: c",             MARKDOWN_FOOTNOTE,         "b"                 },
		{ "a block without end",               ":::note\na",               MARKDOWN_UNCLOSED,         ":::"               },
	};
	static const char *const fine[] = { "## A\n### B\n## C",
		                            "`{{site.hots}}` and {{ JINJA }}",
		                            "[![x](media:y)](http://e.example)",
		                            "[a](/tickets/new) [b](mailto:x@e.example)",
		                            "{{contact.name}}",
		                            "```\n{{site.hots}}\n```" };
	struct markdown_page p;

	for (size_t i = 0; i < COUNT(rows); i++) {
		markdown_render(&t->arena, str_of(rows[i].in), NULL, &p);
		EXPECT_STR(rows[i].why, problems_of(t, &p),
		           arena_strf(&t->arena, "%d:%s;", (int)rows[i].what, rows[i].detail).p);
	}
	for (size_t i = 0; i < COUNT(fine); i++) {
		markdown_render(&t->arena, str_of(fine[i]), NULL, &p);
		EXPECT_STR(fine[i], problems_of(t, &p), "");
	}
}

TEST(markdown_finds_what_is_in_it)
{
	struct markdown_page p;

	markdown_render(&t->arena,
	                STR("## One\n\n[a b](kb:x#y) <https://e.example/>\n\n### Two *three*\n\n![A](media:t1) "
	                    "![A](media:t1) [film](media:t2) [t](/tickets/new)"),
	                NULL, &p);
	EXPECT_EQ("two headings", p.n_toc, 2);
	EXPECT_STR("their words", p.toc[1].text, "Two three");
	EXPECT_STR("and places", p.toc[1].anchor, "s-two-three");
	EXPECT_EQ("and levels", p.toc[1].level, 3);
	EXPECT_EQ("three links", p.n_links, 3);
	EXPECT("a page", p.links[0].kind == MARKDOWN_PAGE && str_is(p.links[0].to, "x") &&
	                         str_is(p.links[0].fragment, "y") && str_is(p.links[0].text, "a b"));
	EXPECT("the web", p.links[1].kind == MARKDOWN_WEB && str_is(p.links[1].to, "https://e.example/"));
	EXPECT("this site", p.links[2].kind == MARKDOWN_OURS && str_is(p.links[2].to, "/tickets/new"));
	EXPECT_EQ("each medium once", p.n_media, 2);
	EXPECT("the text is there", str_starts(p.plain, STR("One\n\na b")));
}

static bool known_media(void *arg, struct arena *a, struct str token, struct markdown_media *ret)
{
	if (str_is(token, "film"))
		*ret = (struct markdown_media){ .type = STR_INIT("video/mp4"), .name = STR_INIT("a.mp4") };
	else if (str_is(token, "big"))
		*ret = (struct markdown_media){ .type = STR_INIT("image/png"),
			                        .width = 960,
			                        .height = 540,
			                        .thumb = true,
			                        .alt = STR_INIT("From the upload") };
	else
		return false;
	return true;
}

TEST(markdown_media_and_words)
{
	static const struct markdown_words es = { .note = "Nota" };
	struct markdown_options o = { .words = &es, .media = known_media, .page_base = STR_INIT("/es/kb/") };
	struct markdown_page p;

	markdown_render(&t->arena,
	                STR("![](media:big)\n\n![Watch](media:film)\n\n![x](media:gone)\n\n:::note\n[a](kb:b)\n:::"),
	                &o, &p);
	EXPECT_STR(
	        "small ones lead to large ones, films are links, words are of the language", p.html,
	        "<p><a href=\"/kb/media/big\" class=\"zoom\"><img src=\"/kb/media/big/thumb\" alt=\"From the upload\" "
	        "width=\"960\" height=\"540\" loading=\"lazy\"></a></p>"
	        "<p><a href=\"/kb/media/film\">Watch</a></p><p><img src=\"/kb/media/gone\" alt=\"x\" "
	        "loading=\"lazy\"></p>"
	        "<div class=\"adm adm-note\"><p class=\"adm-title\">Nota</p><p><a href=\"/es/kb/b\">a</a></p></div>");
	EXPECT_STR("and what is not there is said", problems_of(t, &p), "3:gone;");
}

static bool library(void *arg, struct arena *a, struct str slug, struct str *ret)
{
	if (str_is(slug, "a"))
		*ret = STR("from a\n\n{{> b}}");
	else if (str_is(slug, "b"))
		*ret = STR(":::tip\nfrom b [^n]\n\n[^n]: note");
	else if (str_is(slug, "loop"))
		*ret = STR("round\n\n{{> loop}}");
	else if (str_starts(slug, STR("deep")))
		*ret = arena_strf(a, "{{> deep" STR_F "x}}", STR_A(str_from(slug, 4)));
	else
		return false;
	return true;
}

TEST(markdown_includes)
{
	struct markdown_options o = { .include = library };
	struct markdown_page p;

	markdown_render(&t->arena, STR("x\n\n{{> a}}\n\ny\n\n{{> loop}}\n\n{{> deep}}\n\n{{> secret}}"), &o, &p);
	EXPECT("texts stand where they are wanted, and their blocks end with them",
	       str_starts(p.html, STR("<p>x</p><p>from a</p><div class=\"adm adm-tip\"><p "
	                              "class=\"adm-title\">Tip</p><p>from b <sup><a href=\"#fn-1\" class=\"fn\" "
	                              "id=\"fnref-1\">1</a></sup></p></div><p>y</p><p>round</p>")));
	EXPECT_STR("circles, depth and what may not be seen are told", problems_of(t, &p),
	           "11:loop;12:deepxxxx;10:secret;");
	EXPECT_EQ("and what was taken", p.n_includes, 7);
}

TEST(markdown_fills_variables)
{
	static const struct {
		const char *why, *in, *value, *out;
	} rows[] = {
		{"a value is text",                            "{{site.host}}",                         "a.example",           "<p>a.example</p>"                 },
		{ "and never markup (S-05)",                   "{{site.host}}",                         "<b>\"'&",             "<p>&#60;b&#62;&#34;&#39;&#38;</p>"},
		{ "in an address neither leaves its place",    "[x](https://{{site.host}}/)",           "e.example/?\"><b>@y",
                 "<p><a href=\"https://e.example%2F%3F%22%3E%3Cb%3E%40y/\" rel=\"noopener noreferrer "
		  "nofollow\">x</a></p>"		                                                                                                          },
		{ "it cannot be the scheme",                   "[x]({{site.host}})",                    "javascript:alert(1)", "<p>x</p>"                         },
		{ "in a title it is an attribute",             "[x](http://a.example '{{site.host}}')", "\">",
                 "<p><a href=\"http://a.example\" title=\"&#34;&#62;\" rel=\"noopener noreferrer "
		  "nofollow\">x</a></p>"		                                                                                                          },
		{ "in code, too",                              "`ssh {{site.host}}`",                   "a",                   "<p><code>ssh a</code></p>"        },
		{ "unknown to the reader: the author's words", "{{ site.host | my <b> site }}",         "",
                 "<p>my &lt;b&gt; site</p>"		                                                                                                       },
		{ "or ours",		                   "{{site.host}}",                         "",                    "<p>your-site.example</p>"         },
		{ "escaped braces are text",                   "\\{{site.host}}",                       "a",                   "<p>{{site.host}}</p>"             },
		{ "two of them",                               "{{site.host}}/{{contact.name|you}}",    "a",                   "<p>a/you</p>"                     },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct markdown_reader r = { .value[MARKDOWN_SITE_HOST] = str_of(rows[i].value) };

		EXPECT_STR(rows[i].why, markdown_fill(&t->arena, html_of(t, rows[i].in), &r), rows[i].out);
	}
	struct markdown_page p;
	markdown_render(&t->arena, STR("Log in at {{site.host}}"), NULL, &p);
	EXPECT_EQ("they are counted", p.n_variables, 1);
	EXPECT_STR("plain text has the defaults", p.plain, "Log in at your-site.example\n");
	struct str same = STR("<p>x</p>");
	EXPECT("a page without is not copied",
	       markdown_fill(&t->arena, same, &(struct markdown_reader){ 0 }).p == same.p);
}

/* Vectors against Markdown renderers, each cleaned again and read for what could run or load. */
static const char *const hostile[] = {
	"[x](javascript:alert(1))",
	"[x](JaVaScRiPt:alert(1))",
	"[x](java\nscript:alert(1))",
	"[x](&#x6a;avascript:alert(1))",
	"[x](javascript&colon;alert(1))",
	"[x](data:text/html,<script>alert(1)</script>)",
	"[x](vbscript:x)",
	"<javascript:alert(1)>",
	"![x](javascript:alert(1))",
	"![x](data:image/svg+xml,<svg onload=alert(1)>)",
	"![x\" onerror=\"alert(1)](media:a)",
	"![x](media:a\" onerror=\"alert(1))",
	"![x](media:a 'x\" onerror=\"alert(1)')",
	"![x](media:../../logout)",
	"[x](kb:a\"onclick=alert(1))",
	"[x](/\\e.example)",
	"[x](//e.example)",
	"[x](/kb/media/../../x)",
	"[x](#\"onclick=alert(1))",
	"<script>alert(1)</script>",
	"<img src=x onerror=alert(1)>",
	"<a href=javascript:alert(1)>x</a>",
	"<svg/onload=alert(1)>",
	"`<script>`",
	"```\"><script>\nx\n```",
	"```x\"onclick=alert(1)\ny\n```",
	"```<script>\nx\n```",
	"## x {#\"><script>}",
	"## <script>",
	"## x\" onclick=\"y",
	":::note <script>alert(1)</script>\nx\n:::",
	":::details \"><img src=x onerror=alert(1)>\nx\n:::",
	":::tabs\n=== <script>\nx\n:::",
	"> [!NOTE] <script>\n> x",
	"[^<script>]\n\n[^<script>]: x",
	"[^a]\n\n[^a]: <script>[x](javascript:y)",
	"{{site.host|<script>}}",
	"{{site.host|\" onclick=\"x}}",
	"[x](https://{{site.host|\"onclick=x}})",
	"[x]({{site.host|javascript:alert(1)}})",
	"[x](javascript:{{site.host}})",
	"{{> <script>}}",
	"{{<script>}}",
	"|<script>|\n|-|\n|<img src=x onerror=y>|",
	"- [x] <script>",
	"[x]: javascript:alert(1)\n\n[x]",
	"[x]: data:x\n\n![x]",
	"http://e.example\"onclick=alert(1)",
	"www.e.example\"><script>",
	"a@b.example\"><script>",
	("\xee\x83\xb0" "0\xee\x83\xb1"),
	"\xee\x83\xb0site.host\xee\x83\xb1 <script>",
	"\xee\x83\xb0site.host\xee\x83\xb2<script>\xee\x83\xb1",
	"\xc0\xbcscript\xc0\xbe",
	"![![x](media:a)](media:b)",
	"[![x](media:a)](javascript:y)",
	"[a[b](http://x.example)c](http://y.example)",
	"***a**b*c**",
	":::\n:::\n:::note\n:::tabs\n:::",
	"> > > :::note\n> x",
	"<details open ontoggle=alert(1)>",
	"<span class=\"adm\">x</span>",
	"```html\n<script>alert(\"x\")</script>\n```",
	"```diff\n+<script>\n-\"\n```",
	"```css\na{b:url(javascript:x)}\n```",
	"```yaml\n<a>: '<b>'\n```",
	"&lt;script&gt;",
	"&#60;script&#62;",
	"\\<script>",
};

/* Names of tags and attributes alone: what is between quotes in a tag, and all text, is left out. */
static struct str names_of(struct test *t, struct str html)
{
	char *out = arena_alloc(&t->arena, html.n + 1);
	size_t n = 0;
	bool tag = false, quoted = false;

	for (size_t i = 0; i < html.n; i++) {
		tag = tag ? quoted || html.p[i] != '>' : html.p[i] == '<';
		quoted = tag && (html.p[i] == '"' ? !quoted : quoted);
		if (tag && !quoted)
			out[n++] = html.p[i];
	}
	return (struct str){ out, n };
}

TEST(markdown_leaves_nothing_hostile)
{
	static const char *const never[] = { "<script",           "<svg",        "<iframe",
		                             "href=\"javascript", "href=\"data", "href=\"vbscript",
		                             "href=\"//",         "href=\"/\\",  "src=\"data",
		                             "src=\"http",        "src=\"//",    "src=\"/kb/media/.." };
	struct html_options clean = { .own_images = STR_INIT("/kb/media/"), .pages = true };
	struct markdown_reader r = { .value[MARKDOWN_SITE_HOST] = STR_INIT("\"><script>alert(1)</script>") };

	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct str h = html_of(t, hostile[i]),
		           in_list = html_of(t,
		                             arena_strf(&t->arena, "- %s\n\n:::note\n%s\n", hostile[i], hostile[i]).p);
		struct str all = str_concat(&t->arena, markdown_fill(&t->arena, h, &r),
		                            markdown_fill(&t->arena, in_list, &r));

		EXPECT_STR(hostile[i], html_clean(&t->arena, h, &clean).html, h.p);
		EXPECT_STR(hostile[i], html_clean(&t->arena, in_list, &clean).html, in_list.p);
		EXPECT("no handlers of events (S-05)", str_find_nocase(names_of(t, all), STR(" on")) == STR_NONE);
		for (size_t k = 0; k < COUNT(never); k++)
			if (str_find_nocase(all, str_of(never[k])) != STR_NONE) {
				fprintf(stderr, "    %s in " STR_F "\n", never[k], STR_A(all));
				EXPECT(hostile[i], false);
			}
	}
}

TEST(markdown_limits_hold)
{
	struct markdown_page p;
	size_t n = 300000;
	static const char *const units[] = {
		"[", "![", "*",     "> ",     "`",     "[^a]", "{{",       "{{site.host}}", ":::note\n", "|",
		"<", "&",  "- a\n", "[a](b)", "```\n", "_a*",  "[x]: y\n", "# a\n",         "|a"
	};

	for (size_t i = 0; i < COUNT(units); i++) {
		size_t len = strlen(units[i]), times = n / len;
		char *big = arena_alloc(&t->arena, times * len + 1);

		for (size_t k = 0; k < times; k++)
			memcpy(big + k * len, units[i], len);
		markdown_render(&t->arena, (struct str){ big, times * len },
		                &(struct markdown_options){ .max_output = 100000 }, &p);
		EXPECT(units[i], p.html.n <= 100000 && p.n_problems <= MARKDOWN_MAX_PROBLEMS);
	}
	char *large = arena_alloc(&t->arena, MARKDOWN_MAX_TEXT + 2);
	memset(large, 'a', MARKDOWN_MAX_TEXT + 1);
	markdown_render(&t->arena, str_of(large), NULL, &p);
	EXPECT("what is too large is said", p.n_problems == 1 && p.problems[0].what == MARKDOWN_TOO_LARGE);
}

TEST(markdown_slugs)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"Getting Started",            "getting-started"},
		{ "  ¿Qué es «Ñandú»? ", "que-es-nandu"   },
		{ "C++ & x_y",                 "c-x-y"          },
		{ "Łódź",                   "lodz"           },
		{ "日本",                    ""               },
		{ "it's",                      "its"            },
		{ "a---b",                     "a-b"            },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		EXPECT_STR(rows[i].in, markdown_slug(&t->arena, str_of(rows[i].in), 80), rows[i].out);
	EXPECT_STR("at most so long", markdown_slug(&t->arena, STR("abc def"), 4), "abc");
}

static struct str relinked(void *arg, struct arena *a, struct str to, bool image)
{
	return str_is(to, "stay") ? STR_NULL : arena_strf(a, "%s" STR_F, image ? "IMG " : "NEW:", STR_A(to));
}

TEST(markdown_relinks)
{
	static const struct {
		const char *why, *in, *out;
	} rows[] = {
		{"a link",                          "a [b](c.md#d) e",                                         "a [b](NEW:c.md#d) e"                 },
		{ "with its title",                 "[b](c.md \"t (x)\") [d]( e )",                            "[b](NEW:c.md \"t (x)\") [d]( NEW:e )"},
		{ "a picture, and what has spaces", "![b](c.png)",                                             "![b](<IMG c.png>)"                   },
		{ "a picture in a link",            "[![b](c.png)](d.md)",                                     "[![b](<IMG c.png>)](NEW:d.md)"       },
		{ "a reference",                    "[x]: y.md 'T'\n[^1]: z",                                  "[x]: NEW:y.md 'T'\n[^1]: z"          },
		{ "in angles",                      "[b](<c d.md>)",                                           "[b](<NEW:c d.md>)"                   },
		{ "brackets",                       "[b](c(1).md)",                                            "[b](<NEW:c(1).md>)"                  },
		{ "what stays",                     "[b](stay)\n",                                             "[b](stay)\n"                         },
		{ "code stays",                     "`[b](c)` ``[b](c) ` `` [b](c)\n```\n[b](c)\n```\n[b](c)",
                 "`[b](c)` ``[b](c) ` `` [b](NEW:c)\n```\n[b](c)\n```\n[b](NEW:c)"                                                                   },
		{ "escapes stay",                   "\\[b](c) \\](d)",                                         "\\[b](NEW:c) \\](d)"                 },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		EXPECT_STR(rows[i].why, markdown_relink(&t->arena, str_of(rows[i].in), relinked, NULL), rows[i].out);
}
