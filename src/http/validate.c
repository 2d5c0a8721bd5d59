/* Decides whether the declared fields of a route are what the table says. The first error of each field is kept; a
 * ROUTE_LENIENT handler shows them beside its fields, any other route answers 422 with the first one. */
#include "http/impl.h"

static void field_fail(struct exchange *x, const struct field *f, const char *text)
{
	*VEC_ADD(&x->arena, &x->field_errors) = (struct field_error){ .field = str_of(f->name), .text = str_of(text) };
}

static bool choice_has(const char *choices, struct str v)
{
	struct str rest = str_of(choices ? choices : ""), one;
	while (str_cut(&rest, '|', &one))
		if (str_eq(one, v))
			return true;
	return false;
}

/* Plain enough to be handed to SMTP: one @, no spaces or quoting, a dotted or single-label domain (RFC 5321 4.1.2). */
static bool email_fits(struct str s)
{
	size_t at = str_find_byte(s, '@');
	if (s.n > 254 || at == STR_NONE || at == 0 || at > 64 || at + 1 == s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= 0x20 || c == 0x7f || (c < 0x80 && strchr("\"(),:;<>[\\]", c)) || (c == '@' && i != at))
			return false;
		if (c == '.' && (i == 0 || i == at - 1 || i == at + 1 || i + 1 == s.n || s.p[i - 1] == '.'))
			return false;
		if (i > at && c < 0x80 &&
		    !(c == '.' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		      (c >= 'A' && c <= 'Z')))
			return false;
	}
	return true;
}

static bool controls_in(struct str s, bool lines)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c < 0x20 && c != '\t' && !(lines && c == '\n')) || c == 0x7f)
			return true;
	}
	return false;
}

/* What people paste from other programs holds stray control characters; they mean nothing and go. */
static struct str controls_strip(struct arena *a, struct str s)
{
	if (!controls_in(s, true))
		return s;
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		if (!controls_in(str_sub(s, i, 1), true))
			to[n++] = s.p[i];
	return (struct str){ to, n };
}

static const char *check_int(const struct field *f, struct str v)
{
	int64_t i;
	if (str_to_i64(v, &i) != RC_OK || i < 0)
		return "This must be a whole number.";
	return f->max && i > (int64_t)f->max ? "This number is too large." : NULL;
}

static const char *check_bool(struct form_field *v)
{
	static const char *const yes[] = { "1", "on", "true", "yes" }, *const no[] = { "", "0", "off", "false", "no" };
	for (size_t i = 0; i < COUNT(yes); i++) {
		if (str_is(v->value, yes[i])) {
			v->value = STR("1");
			return NULL;
		}
	}
	for (size_t i = 0; i < COUNT(no); i++) {
		if (str_is(v->value, no[i])) {
			v->value = STR("");
			return NULL;
		}
	}
	return "This must be yes or no.";
}

/* NULL when the value fits. */
static const char *check_value(struct exchange *x, const struct field *f, struct form_field *v)
{
	enum field_kind k = v->kind;
	if (f->type == FIELD_JSON)
		return NULL;
	if (f->type == FIELD_BOOL)
		return k == KIND_FORM || k == KIND_JSON_BOOL ? check_bool(v) : "This must be true or false.";
	if (f->type == FIELD_INT) {
		if (k != KIND_FORM && k != KIND_JSON_INT)
			return "This must be a whole number.";
		v->value = str_trim(v->value);
		return str_empty(v->value) ? NULL : check_int(f, v->value);
	}
	if (k != KIND_FORM && k != KIND_JSON_STRING)
		return "This must be text.";
	if (str_find_byte(v->value, '\0') != STR_NONE)
		return "This holds a NUL character.";
	v->value = f->type == FIELD_LINES ? controls_strip(&x->arena, v->value) : str_trim(v->value);
	if (v->value.n > (f->max ? f->max : 1000))
		return "This is too long.";
	if (f->type != FIELD_LINES && controls_in(v->value, false))
		return "This must be one line without control characters.";
	if (str_empty(v->value))
		return NULL;
	if (f->type == FIELD_EMAIL && !email_fits(v->value))
		return "This is not an e-mail address, like name@example.com.";
	if (f->type == FIELD_CHOICE && !choice_has(f->choices, v->value))
		return "This is not one of the choices.";
	return NULL;
}

static void validate_one(struct exchange *x, const struct field *f)
{
	bool filled = false;
	if (f->type == FIELD_FILE) {
		for (size_t i = 0; i < x->uploads.n; i++)
			filled = filled || str_is(x->uploads.at[i].field, f->name);
	} else {
		for (size_t i = 0; i < x->fields.n; i++) {
			struct form_field *v = &x->fields.at[i];
			if (!str_is(v->name, f->name))
				continue;
			const char *wrong = check_value(x, f, v);
			if (wrong) {
				field_fail(x, f, wrong);
				return;
			}
			filled = filled || !str_empty(str_trim(v->value)) || f->type == FIELD_JSON ||
			         v->kind == KIND_JSON_BOOL;
		}
	}
	if (f->required && !filled)
		field_fail(x, f, "This must be filled in.");
}

void validate_fields(struct exchange *x)
{
	const struct field *f = x->q.route->fields;
	for (; f && f->name; f++)
		validate_one(x, f);
	x->q.field_errors = x->field_errors.at;
	x->q.n_field_errors = x->field_errors.n;
	if (x->field_errors.n && !(x->q.route->flags & ROUTE_LENIENT)) {
		struct field_error *e = &x->field_errors.at[0];
		refuse(x, 422, "field", STR_F, STR_A(e->text));
		fail_field(&x->err, RC_INVALID, e->field.p, STR_F, STR_A(e->text));
	}
}
