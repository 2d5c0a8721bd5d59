/* The knowledge base of `carrel demo`: all six kinds in English and Spanish, written on the road that writers take. */
#include "app/app.h"
#include "kb/edit.h"

#define TRY(call) do { enum rc rc_ = (call); if (rc_ != RC_OK) return rc_; } while (0)

struct text { const char *slug, *title, *summary, *markdown; };
struct demo_page {
	enum article_kind kind;
	enum visibility visibility;
	int parent; /* index + 1 of the page above in the table, 0: none */
	const char *releases, *tags, *extra;
	bool pinned;
	struct text en, es;
};

static const struct demo_page pages[] = {
	{ ARTICLE_ARTICLE, VISIBLE_PUBLIC, 0, "redwood sumac", "certificates grading", "{}", true,
	  { "issue-certificates", "Issue certificates for a finished course run", "What to set before the end date, and how to generate them for everybody",
	    "Certificates are made from the **course end date**, the grading policy and the certificate template.\n\n## Before the end of the run\n\n1. Open *Settings → Certificates* in Studio (`{{studio.host}}`) and activate the certificate.\n2. Check the passing grade in *Settings → Grading*.\n\n::: tip\nTry it with one learner first: a certificate that was made can be made again.\n:::\n\n## Generate them\n\nIn the LMS open **Instructor → Certificates** and choose *Generate certificates*. It may take an hour for large courses.\n\n| Group | When |\n|---|---|\n| Audit | no certificate |\n| Honor | at once |\n\n## When one is missing\n\nLook at the learner's grade first. It must be at least the passing grade[^1] on the day of the end.\n\n[^1]: In percent, as *Settings → Grading* says.\n" },
	  { "issue-certificates", "Emitir certificados de un curso terminado", "Qué configurar antes de la fecha de cierre y cómo generarlos para todos",
	    "Los certificados se hacen con la **fecha de cierre**, la política de calificación y la plantilla.\n\n## Antes del cierre\n\n1. Abra *Configuración → Certificados* en Studio (`{{studio.host}}`) y active el certificado.\n2. Revise la nota mínima en *Configuración → Calificación*.\n\n::: tip\nPruebe primero con un estudiante: un certificado hecho se puede volver a hacer.\n:::\n\n## Generarlos\n\nEn el LMS abra **Instructor → Certificados** y elija *Generar certificados*. En cursos grandes puede tardar una hora.\n\n| Grupo | Cuándo |\n|---|---|\n| Auditoría | sin certificado |\n| Honor | de inmediato |\n" } },
	{ ARTICLE_DEMO, VISIBLE_PUBLIC, 0, "", "demo", "{\"host\":\"demo.campus.example\",\"text\":{\"en\":{\"sign_in\":\"Choose “Try it” on the start page: everybody gets an account of their own, which is emptied every night.\",\"tours\":[{\"title\":\"A peer-graded assignment\",\"path\":\"/courses/course-v1:Demo+Tour+1/courseware/peer\",\"hint\":\"Look at the rubric, then grade the two texts that wait.\"},{\"title\":\"Problems of every kind\",\"path\":\"/courses/course-v1:Demo+Tour+1/courseware/problems\",\"hint\":\"Each kind with its settings beside it.\"}]},\"es\":{\"sign_in\":\"Elija «Probar» en la página de inicio: cada persona recibe su propia cuenta, que se vacía cada noche.\",\"tours\":[{\"title\":\"Una tarea evaluada por pares\",\"path\":\"/courses/course-v1:Demo+Tour+1/courseware/peer\",\"hint\":\"Mire la rúbrica y luego califique los dos textos que esperan.\"}]}}}", false,
	  { "demo-site", "Explore the demo LMS", "Try every course component without touching your site", "The demo site shows every kind of course component: problems, videos, peer assessment and discussions. Nothing you do there affects your own site.\n" },
	  { "sitio-de-demostracion", "Explore el LMS de demostración", "Pruebe cada componente sin tocar su sitio", "El sitio de demostración muestra todos los componentes de un curso: problemas, vídeos, evaluación por pares y foros. Nada de lo que haga allí afecta a su sitio.\n" } },
	{ ARTICLE_FAQ, VISIBLE_PUBLIC, 0, "", "courses", "{}", false,
	  { "copy-course", "How do I copy a course to a new run?", "Re-run in Studio keeps the content and takes new dates", "Open Studio, find the course and choose **Re-run course**. Give the new run a name, for example `2027_T1`. Learners and grades are not copied.\n" },
	  { "copiar-curso", "¿Cómo copio un curso a una nueva edición?", "«Re-run» en Studio conserva el contenido y toma fechas nuevas", "Abra Studio, busque el curso y elija **Re-run course**. Dé un nombre a la nueva edición, por ejemplo `2027_T1`. Los estudiantes y las notas no se copian.\n" } },
	{ ARTICLE_DOC, VISIBLE_PUBLIC, 0, "", "guide", "{}", true,
	  { "course-team-guide", "Guide for course teams", "From an empty course to the first learner", "This guide follows a course from its first section to its certificates. Its pages stand on their own; begin where you are.\n" },
	  { "guia-equipos", "Guía para equipos de curso", "De un curso vacío al primer estudiante", "Esta guía acompaña un curso desde su primera sección hasta sus certificados. Cada página se entiende sola; comience donde esté.\n" } },
	{ ARTICLE_DOC, VISIBLE_PUBLIC, 4, "", "guide studio", "{}", false,
	  { "outline", "Build the outline", "Sections, subsections, units", "A course is made of *sections*, *subsections* and *units*. Learners see the first two in the outline.\n\n## Add a section\n\n1. Open the course in Studio.\n2. Choose **New section** and name it after a week or a topic.\n\n## Release dates\n\nA subsection is hidden until its release date. See [copying a course](kb:copy-course) for what happens to dates in a new run.\n" },
	  { "esquema", "Construya el esquema", "Secciones, subsecciones, unidades", "Un curso se compone de *secciones*, *subsecciones* y *unidades*. Los estudiantes ven las dos primeras en el esquema.\n\n## Añadir una sección\n\n1. Abra el curso en Studio.\n2. Elija **Nueva sección** y póngale el nombre de una semana o de un tema.\n\n## Fechas de publicación\n\nUna subsección está oculta hasta su fecha. Vea [copiar un curso](kb:copiar-curso) para saber qué pasa con las fechas en una nueva edición.\n" } },
	{ ARTICLE_DOC, VISIBLE_PUBLIC, 4, "", "guide grading", "{}", false,
	  { "grading-policy", "Set the grading policy", "Assignment types, weights and the passing grade", "## Assignment types\n\nEach graded subsection belongs to a type. The weights of all types add up to 100 %.\n\n## The passing grade\n\nWho reaches it gets a [certificate](kb:issue-certificates).\n\n::: warning\nA change of weights counts for everybody at once, also for grades that learners saw already.\n:::\n" },
	  { "politica-calificacion", "Defina la calificación", "Tipos de tarea, pesos y nota mínima", "## Tipos de tarea\n\nCada subsección calificada pertenece a un tipo. Los pesos de todos los tipos suman 100 %.\n\n## La nota mínima\n\nQuien la alcanza recibe un [certificado](kb:issue-certificates).\n\n::: warning\nUn cambio de pesos vale de inmediato para todos, también para notas que los estudiantes ya vieron.\n:::\n" } },
	{ ARTICLE_VIDEO, VISIBLE_PUBLIC, 0, "", "studio video", "{\"embed\":\"https://www.youtube-nocookie.com/embed/3_yD_cEKoCk\",\"duration\":194,\"text\":{\"en\":{\"chapters\":[{\"at\":0,\"title\":\"What you will see\"},{\"at\":40,\"title\":\"Uploading\"},{\"at\":120,\"title\":\"Captions\"}],\"transcript\":\"In this guide we add a film to a unit. First we open the unit in Studio and choose Video. Then we upload the file and wait until it is ready. At last we add captions, so that everybody can follow.\"},\"es\":{\"chapters\":[{\"at\":0,\"title\":\"Qué verá\"},{\"at\":40,\"title\":\"Subir el vídeo\"},{\"at\":120,\"title\":\"Subtítulos\"}],\"transcript\":\"En esta guía añadimos un vídeo a una unidad. Primero abrimos la unidad en Studio y elegimos Vídeo. Después subimos el archivo y esperamos a que esté listo. Por último añadimos subtítulos, para que todos puedan seguirlo.\"}}}", false,
	  { "add-a-video", "Add a video to a unit", "Upload, captions, and what learners see", "You need the film as a file and its captions as `.srt` or `.vtt`.\n" },
	  { "anadir-video", "Añada un vídeo a una unidad", "Subida, subtítulos y lo que ven los estudiantes", "Necesita el vídeo como archivo y sus subtítulos en `.srt` o `.vtt`.\n" } },
	{ ARTICLE_RESOURCE, VISIBLE_PUBLIC, 0, "", "checklist", "{\"link\":\"https://docs.openedx.org/en/latest/educators/index.html\",\"label\":\"Open the documentation for educators\"}", false,
	  { "educators-documentation", "Documentation for educators", "The project's own manual, for every component", "The Open edX project keeps a manual for course teams. What differs on your site stands in our guide.\n" },
	  { "documentacion-docentes", "Documentación para docentes", "El manual del propio proyecto, para cada componente", "El proyecto Open edX mantiene un manual para equipos de curso. Lo que cambia en su sitio está en nuestra guía.\n" } },
	{ ARTICLE_DOC, VISIBLE_CUSTOMERS, 0, "", "support", "{}", false,
	  { "support-hours", "When and how to reach support", "Telephone for criticality 1 and 2, tickets and mail for everything else", "Incidents of criticality 1 and 2 are received by telephone. Everything else comes by the Support section or by mail.\n" },
	  { "horarios-soporte", "Cuándo y cómo contactar con soporte", "Teléfono para criticidad 1 y 2; tickets y correo para lo demás", "Las incidencias de criticidad 1 y 2 se reciben por teléfono. Todo lo demás llega por la sección Soporte o por correo.\n" } },
	{ ARTICLE_ARTICLE, VISIBLE_INTERNAL, 0, "", "runbook", "{}", false,
	  { "restart-workers", "Restart the workers of a site", "For agents: when reports stay in the queue", "## Look first\n\nReports that wait longer than an hour usually mean that a worker is gone.\n\n## Then\n\n1. Ask the site's operators whether something was deployed.\n2. Restart the workers, one after the other.\n" },
	  { NULL, NULL, NULL, NULL } },
};

static const struct { const char *name, *lang; enum article_kind kind; const char *markdown; } patterns[] = {
	{ "Known problem", "en", ARTICLE_ARTICLE, "## What happens\n\n## Whom it concerns\n\n## What helps now\n\n## When it is mended\n" },
	{ "Step by step", "en", ARTICLE_ARTICLE, "You need:\n\n- \n\n## First\n\n1. \n\n## Check that it worked\n" },
	{ "Problema conocido", "es", ARTICLE_ARTICLE, "## Qué ocurre\n\n## A quién afecta\n\n## Qué ayuda ahora\n\n## Cuándo se corrige\n" },
};

static enum rc put(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page, const char *lang, const struct text *t,
		   struct err *err)
{
	struct kb_draft d;
	int64_t version;

	TRY(kb_draft_open(tx, a, page, str_of(lang), &d, err));
	d.slug = str_of(t->slug);
	d.title = str_of(t->title);
	d.summary = str_of(t->summary);
	d.markdown = str_of(t->markdown);
	TRY(kb_draft_save(tx, a, who, now, &d, &version, err));
	return kb_publish(tx, a, who, now, page, str_of(lang), version, STR("First edition"), (struct instant){ 0 }, err);
}

static enum rc one(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, const struct demo_page *p, const int64_t *ids, int64_t *ret,
		   struct err *err)
{
	struct kb_new n = { .kind = p->kind, .visibility = p->visibility, .lang = STR_INIT("en"), .title = str_of(p->en.title), .slug = str_of(p->en.slug),
		.summary = STR_INIT(""), .markdown = STR_INIT(""), .parent = p->parent ? ids[p->parent - 1] : 0 };
	struct kb_page full;

	TRY(kb_page_create(tx, a, who, now, &n, ret, err));
	TRY(kb_page_find(tx, a, *ret, &full, err));
	full.extra = str_of(p->extra);
	full.releases = str_of(p->releases);
	full.tags = str_of(p->tags);
	full.pinned = p->pinned;
	full.product = STR("Open edX");
	full.review_at = time_add(now, 180 * DAY_US);
	TRY(kb_page_change(tx, a, who, now, &full, err));
	TRY(put(tx, a, who, now, *ret, "en", &p->en, err));
	return p->es.slug ? put(tx, a, who, now, *ret, "es", &p->es, err) : RC_OK;
}

enum rc demo_kb(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, struct err *err)
{
	static const struct actor program = { .kind = ACTOR_SYSTEM, .name = STR_INIT("Carrel") };
	int64_t ids[COUNT(pages)] = { 0 };

	for (size_t i = 0; i < COUNT(pages); i++)
		TRY(one(tx, a, who, now, &pages[i], ids, &ids[i], err));
	for (size_t i = 0; i < COUNT(patterns); i++) {
		struct kb_template k = { .name = str_of(patterns[i].name), .lang = str_of(patterns[i].lang), .kind = patterns[i].kind, .markdown = str_of(patterns[i].markdown) };

		TRY(kb_template_save(tx, &program, now, &k, err));
	}
	return RC_OK;
}
