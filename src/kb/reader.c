/* A text as one reader gets it: what is known of him in place of the variables. */
#include "account/account.h"
#include "kb/text.h"

static void defaults(const struct i18n *l, struct markdown_reader *r)
{
	r->defaults[MARKDOWN_COURSE_ID] = "course-v1:YourOrg+Course+Run";
	r->defaults[MARKDOWN_COURSE_NAME] = _(l, "your course");
	r->defaults[MARKDOWN_SITE_HOST] = "your-site.example";
	r->defaults[MARKDOWN_SITE_NAME] = _(l, "your site");
	r->defaults[MARKDOWN_STUDIO_HOST] = "studio.your-site.example";
	r->defaults[MARKDOWN_CONTACT_NAME] = _(l, "your name");
	r->defaults[MARKDOWN_CONTACT_EMAIL] = "you@your-site.example";
	r->defaults[MARKDOWN_ACCOUNT_NAME] = _(l, "your organisation");
}

static bool his(const struct contact *c, const struct site *s)
{
	for (size_t i = 0; i < c->n_roles; i++)
		if (c->roles[i].scope == SCOPE_ACCOUNT ||
		    (c->roles[i].scope == SCOPE_SITE && c->roles[i].scope_id == s->id.v) ||
		    (c->roles[i].scope == SCOPE_SUBSCRIPTION && c->roles[i].scope_id == s->subscription.v))
			return true;
	return false;
}

/* The first site he has a role on. */
static enum rc know_site(struct db_tx *tx, struct arena *a, const struct contact *c, struct markdown_reader *r,
                         struct err *err)
{
	struct site *sites = NULL;
	size_t n = 0, at = 0;
	enum rc rc = site_list(tx, a, c->account, &sites, &n, err);

	if (rc != RC_OK)
		return rc;
	while (at < n && !his(c, &sites[at]))
		at++;
	if (at == n)
		return RC_OK;
	r->value[MARKDOWN_SITE_NAME] = sites[at].name;
	for (size_t i = sites[at].n_hosts; i-- > 0;)
		if (sites[at].roles[i] == HOST_LMS)
			r->value[MARKDOWN_SITE_HOST] = sites[at].hosts[i];
		else if (sites[at].roles[i] == HOST_STUDIO)
			r->value[MARKDOWN_STUDIO_HOST] = sites[at].hosts[i];
	return RC_OK;
}

enum rc kb_fill(struct db_tx *tx, struct arena *a, const struct actor *who, const struct i18n *l, struct str html,
                struct str *ret, struct err *err)
{
	struct markdown_reader r = { 0 };
	struct contact c;
	enum rc rc = RC_OK;

	*ret = html;
	if (!markdown_has_variables(html))
		return RC_OK;
	defaults(l, &r);
	if (who->kind == ACTOR_CONTACT) {
		rc = contact_find(tx, a, who->contact, &c, err);
		if (rc == RC_OK)
			rc = know_site(tx, a, &c, &r, err);
		if (rc != RC_OK)
			return rc;
		r.value[MARKDOWN_CONTACT_NAME] = c.name;
		r.value[MARKDOWN_CONTACT_EMAIL] = c.email;
		r.value[MARKDOWN_ACCOUNT_NAME] = c.account_name;
	}
	*ret = markdown_fill(a, html, &r);
	return RC_OK;
}
