/* Whole calls, told as words: what happens on the left of '>', what must be done on the right. */
#include "phone/dialog.h"
#include "test/test.h"
#include "util/buf.h"

static const char *const doing[] = { "play", "quiet",  "timer", "lookup",   "verify", "record", "recorded", "open",
	                             "dial", "hangup", "leg",   "accepted", "bridge", "page",   "end" };

/* Actions as words; timers and hush are left out. */
static void words(const struct dialog *d, struct buf *out)
{
	for (size_t i = 0; i < d->n_actions; i++) {
		const struct dialog_action *a = &d->actions[i];

		if (a->kind == DA_TIMER || a->kind == DA_QUIET)
			continue;
		if (out->n)
			buf_addc(out, ' ');
		buf_addz(out, doing[a->kind]);
		if (a->kind == DA_PLAY)
			buf_addf(out, ":%s", prompt_names[a->clips[0]]);
		else if (a->kind == DA_DIAL)
			a->leg == LEG_CUSTOMER ? buf_addz(out, ":customer") : buf_addf(out, ":%d", a->index);
		else if (a->kind == DA_HANG_UP)
			buf_addz(out, a->leg == LEG_CUSTOMER ? ":customer" : ":engineer");
		else if (a->kind == DA_OPEN)
			buf_addf(out, ":%d", a->criticality);
		else if (a->kind == DA_LEG)
			buf_addf(out, ":%d=%s", a->index, a->text);
		else if (a->kind == DA_ACCEPTED)
			buf_addf(out, ":%d", a->index);
		else if (a->text[0] && a->kind != DA_VERIFY)
			buf_addf(out, ":%s", a->text);
	}
}

static struct dialog_event event_of(struct str w)
{
	struct dialog_event e = { .kind = DE_TIMEOUT };
	bool eng = str_starts(w, STR("e-"));

	e.leg = eng ? LEG_ENGINEER : LEG_CUSTOMER;
	w = eng ? str_from(w, 2) : w;
	if (str_is(w, "call") || str_is(w, "call-offline"))
		e = (struct dialog_event){ .kind = DE_CALL, .offline = w.n > 4, .roster = 2 };
	else if (str_is(w, "known") || str_is(w, "unknown"))
		e = (struct dialog_event){ .kind = DE_KNOWN, .known = w.p[0] == 'k', .lang = PROMPT_ES };
	else if (str_is(w, "right") || str_is(w, "free"))
		e = (struct dialog_event){ .kind = DE_VERIFIED, .may = w.p[0] == 'r' };
	else if (str_is(w, "wrong") || str_is(w, "locked"))
		e = (struct dialog_event){ .kind = DE_REFUSED, .locked = w.p[0] == 'l' };
	else if (str_is(w, "opened"))
		e = (struct dialog_event){ .kind = DE_OPENED, .number = 1042, .roster = 2 };
	else if (str_is(w, "back"))
		e = (struct dialog_event){ .kind = DE_CALL_BACK, .number = 1042, .roster = 1, .criticality = 2 };
	else if (str_is(w, "page") || str_is(w, "click"))
		e = (struct dialog_event){
			.kind = DE_CALL_BACK, .number = 1042, .roster = 1, .page = w.p[0] == 'p', .once = true
		};
	else if (str_is(w, "taken"))
		e.kind = DE_TAKEN;
	else if (str_is(w, "played"))
		e.kind = DE_PLAYED;
	else if (str_is(w, "silence"))
		e.kind = DE_SILENCE;
	else if (str_is(w, "answers"))
		e.kind = DE_ANSWERED;
	else if (str_is(w, "gone"))
		e.kind = DE_GONE;
	else if (str_is(w, "busy") || str_is(w, "lost"))
		e = (struct dialog_event){ .kind = DE_GONE, .leg = e.leg, .code = w.p[0] == 'b' ? 486 : 408 };
	else if (!str_is(w, "time"))
		e = (struct dialog_event){ .kind = DE_DIGIT, .leg = e.leg, .digit = w.p[0] };
	return e;
}

/* "what happens > what is done | ..." Returns the state at the end. */
static enum dialog_state tell(struct test *t, const char *story)
{
	struct dialog d;
	struct str rest = str_of(story), part, word;

	dialog_init(&d, NULL);
	while (str_cut(&rest, '|', &part)) {
		size_t at = str_find_byte(part, '>');
		struct str happens = str_trim(str_sub(part, 0, at)),
		           want = at == STR_NONE ? STR("") : str_trim(str_from(part, at + 1));
		AUTO_BUF got;

		buf_init(&got, 4000);
		while (str_cut(&happens, ' ', &word)) {
			struct dialog_event e = event_of(word);

			dialog_step(&d, &e);
			words(&d, &got);
		}
		EXPECT_STR("what is done is what the story says", buf_str(&got), str_z(&t->arena, want));
	}
	return d.state;
}
#define TO_CRITICALITY                                                                                                 \
	"call > lookup | known > play:notice | played > play:pin | 4 7 1 1 9 9 # > verify | right > play:criticality " \
	"| "
#define TO_RING                                                                                                        \
	TO_CRITICALITY "1 > play:describe | played > record:description | # > recorded:description open:1 | "          \
	               "opened > play:open dial:0 | "

TEST(dialog_right_pin_to_the_talk)
{
	EXPECT_EQ("a call with the right PIN ends after the talk",
	          tell(t, TO_RING "e-answers > play:offer | e-1 > leg:0=accepted accepted:0 bridge | gone > "
	                          "hangup:engineer end:done"),
	          DS_OVER);
}

TEST(dialog_wrong_pin_three_times)
{
	EXPECT_EQ("a stranger leaves a message and is never rung through",
	          tell(t, "call > lookup | unknown > play:notice | 2 > play:pin | 1 # > verify | wrong > play:wrong | "
	                  "1 # > verify | "
	                  "wrong > play:wrong | 1 # > verify | wrong > play:unsure | played > record:message | "
	                  "# > recorded:message play:bye | played > hangup:customer end:message"),
	          DS_OVER);
	tell(t, "call > lookup | known > play:notice | played > play:pin | 1 # > verify | locked > play:unsure");
	tell(t, "call > lookup | known > play:notice | played > play:pin | # > play:unsure");
	tell(t, "call > lookup | known > play:notice | played > play:pin | time > play:wrong | time > play:wrong | "
	        "time > play:unsure");
}

TEST(dialog_free_plan_may_leave_a_message)
{
	tell(t, "call > lookup | known > play:notice | played > play:pin | 1 2 # > verify | free > play:no-phone | "
	        "played > record:message | gone > recorded:message end:message");
}

TEST(dialog_silence_twice_is_criticality_1)
{
	tell(t, TO_CRITICALITY "7 > | time > play:criticality | time > play:describe | played > record:description | "
	                       "silence > recorded:description open:1");
}

TEST(dialog_nobody_answers)
{
	EXPECT_EQ("the roster is rung again after a while",
	          tell(t,
	               TO_RING "e-busy > leg:0=busy dial:1 | time > leg:1=no-answer hangup:engineer page play:nobody | "
	                       "played > record:message | # > recorded:message play:bye | played > hangup:customer | "
	                       "time > dial:0 | e-lost > leg:0=no-answer dial:1 | e-lost > leg:1=no-answer"),
	          DS_WAIT);
}

TEST(dialog_voicemail_of_an_engineer_takes_no_call)
{
	tell(t,
	     TO_RING "e-answers > play:offer | e-5 > | e-played > | time > leg:0=not-accepted hangup:engineer dial:1 | "
	             "e-answers > play:offer | e-2 > leg:1=declined hangup:engineer page play:nobody");
}

TEST(dialog_customer_hangs_up_early)
{
	tell(t, "call > lookup | known > play:notice | gone > end:abandoned");
	tell(t, TO_CRITICALITY "2 > play:describe | played > record:description | gone > recorded:description open:2 | "
	                       "opened > dial:0 | e-answers > play:offer | e-1 > leg:0=accepted accepted:0 "
	                       "play:calling-back dial:customer | "
	                       "answers > bridge | e-gone > hangup:customer end:done");
	tell(t, TO_RING
	     "gone > | e-answers > play:offer | e-1 > leg:0=accepted accepted:0 play:calling-back dial:customer | "
	     "busy > hangup:customer play:gone | e-played > hangup:engineer end:customer-unreachable");
}

TEST(dialog_lost_engineer_is_rung_again)
{
	tell(t, TO_RING "e-answers > play:offer | e-1 > leg:0=accepted accepted:0 bridge | e-lost > play:hold dial:0");
}

TEST(dialog_call_me_back_rings_the_engineer_first)
{
	tell(t, "back > dial:0 | e-answers > play:offer | e-1 > leg:0=accepted accepted:0 play:calling-back "
	        "dial:customer | "
	        "answers > bridge | gone > hangup:engineer end:done");
}

TEST(dialog_desk_down)
{
	tell(t, "call-offline > play:notice | 1 > play:criticality | 2 > play:describe | played > record:description | "
	        "# > recorded:description open:2 | time > play:kept dial:0");
	tell(t, "call > lookup | time > play:notice | time > play:criticality");
}

TEST(dialog_taken_on_screen_ends_the_ringing)
{
	EXPECT_EQ("nobody is rung for what somebody has", tell(t, TO_RING "gone > | taken > end:taken"), DS_OVER);
	EXPECT_EQ("a customer who waits is not hung up on", tell(t, TO_RING "taken >"), DS_RING);
}

TEST(dialog_survives_any_order)
{
	uint32_t x = 12345;

	for (int run = 0; run < 3000; run++) {
		struct dialog d;

		dialog_init(&d, NULL);
		for (int i = 0; i < 60; i++) {
			x = x * 1664525 + 1013904223;
			struct dialog_event e = { .kind = (enum dialog_event_kind)((x >> 8) % (DE_ROSTER + 1)),
				                  .leg = (enum dialog_leg)((x >> 13) & 1),
				                  .digit = "0123456789*#"[(x >> 16) % 12],
				                  .roster = (int)(x >> 20) % 12,
				                  .number = (x >> 24) % 3 };
			dialog_step(&d, &e);
			if (!test_expect(t, __FILE__, __LINE__,
			                 "the state is one of the list and no PIN outlives its question", "",
			                 d.state < DIALOG_STATES && (d.state == DS_PIN || d.n_pin == 0) &&
			                         d.roster <= DIALOG_ROSTER))
				return;
		}
	}
}

TEST(dialog_page_and_click)
{
	EXPECT_EQ("a page is over when the engineer has it",
	          tell(t, "page > dial:0 | e-answers > play:offer | e-1 > leg:0=accepted accepted:0 play:yours | "
	                  "e-played > hangup:engineer end:acknowledged"),
	          DS_OVER);
	EXPECT_EQ("who does not take it is not rung again: the escalation goes on",
	          tell(t, "page > dial:0 | e-busy > leg:0=busy end:nobody"), DS_OVER);
	EXPECT_EQ("an agent who clicked and does not answer rings nobody else",
	          tell(t, "click > dial:0 | e-busy > leg:0=busy end:nobody"), DS_OVER);
}
