/* Child processes of imports. */
#include "kb/process.h"
#include "util/time.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void limit(int what, rlim_t n)
{
	struct rlimit r = { n, n };

	setrlimit((__rlimit_resource_t)what, &r);
}

/* Between fork and exec only what is safe in a program of many threads. */
_Noreturn static void child(const struct process *p, int words)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setpgid(0, 0);
	dup2(null, STDIN_FILENO);
	dup2(words, STDOUT_FILENO);
	dup2(words, STDERR_FILENO);
	close_range(3, ~0u, 0);
	limit(RLIMIT_CPU, (rlim_t)p->seconds);
	limit(RLIMIT_CORE, 0);
	if (p->memory)
		limit(RLIMIT_AS, p->memory);
	if (p->file)
		limit(RLIMIT_FSIZE, p->file);
	if (!p->dir || chdir(p->dir) == 0)
		execve(p->path, p->argv, p->env);
	_exit(127);
}

/* False: it took too long. */
static bool listen_to(int fd, int seconds, struct buf *words)
{
	for (int64_t end = time_monotonic_us() + seconds * SECOND_US;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = end - time_monotonic_us();
		char more[4096];

		if (left <= 0)
			return false;
		int n = poll(&p, 1, (int)(left / 1000) + 1);
		if (n == 0 || (n < 0 && errno == EINTR))
			continue;
		ssize_t got = read(fd, more, sizeof(more));
		if (got <= 0)
			return true;
		if (words->n + (size_t)got > words->max)
			buf_clear(words);
		buf_add(words, more, (size_t)got);
	}
}

enum rc process_run(const struct process *p, struct buf *words, int *ret, struct err *err)
{
	int fds[2], status = 0;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return fail(err, RC_RETRY, "No program can be started now; try again later");
	pid_t pid = fork();
	if (pid == 0)
		child(p, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return fail(err, RC_RETRY, "No program can be started now; try again later");
	}
	bool in_time = listen_to(fds[0], p->seconds, words);
	close(fds[0]);
	if (!in_time) /* with its helpers */
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret = in_time && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return RC_OK;
}

struct str process_last_words(const struct buf *words)
{
	struct str rest = buf_str(words), line, last = STR("it ended without a word");

	while (str_cut(&rest, '\n', &line)) {
		last = str_trim(line).n ? str_trim(line) : last;
		if (str_starts(last, STR("fatal:"))) /* Git: what follows is advice */
			break;
	}
	return str_utf8_valid(last) && !str_has_control(last) ? str_utf8_clip(last, 200)
	                                                      : STR("it said nothing readable");
}
