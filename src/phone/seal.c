/* What the line may do once it runs: an allow-list of system calls, and by Landlock no file but those of its spool. */
#include "phone/line.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FS_ALL ((1ULL << 13) - 1) /* the first version of Landlock */

#if defined(__SANITIZE_ADDRESS__) || (0)
/* Builds for tests look for leaks when they end: a thread that stops the others and reads what they hold. */
static const int for_leaks[] = { SCMP_SYS(clone),
	                         SCMP_SYS(open),
	                         SCMP_SYS(stat),
	                         SCMP_SYS(getdents),
	                         SCMP_SYS(getppid),
	                         SCMP_SYS(kill),
	                         SCMP_SYS(ptrace),
	                         SCMP_SYS(wait4),
	                         SCMP_SYS(prctl),
	                         SCMP_SYS(readlink),
	                         SCMP_SYS(process_vm_readv) };
#define FOR_LEAKS 1
#else
static const int for_leaks[] = { 0 };
#define FOR_LEAKS 0
#endif

static bool may_see_itself(int rules)
{
	struct landlock_path_beneath_attr may = { .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
		                                                    LANDLOCK_ACCESS_FS_READ_DIR,
		                                  .parent_fd = open("/proc", O_PATH | O_CLOEXEC) };
	bool ok = may.parent_fd >= 0 && syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &may, 0) == 0;

	if (may.parent_fd >= 0)
		close(may.parent_fd);
	return ok;
}

static bool only_the_spool(const char *spool)
{
	struct landlock_ruleset_attr all = { .handled_access_fs = FS_ALL };
	struct landlock_path_beneath_attr may = { .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
		                                                    LANDLOCK_ACCESS_FS_WRITE_FILE |
		                                                    LANDLOCK_ACCESS_FS_READ_DIR |
		                                                    LANDLOCK_ACCESS_FS_MAKE_REG |
		                                                    LANDLOCK_ACCESS_FS_REMOVE_FILE };
	int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);

	if (rules < 0)
		return false;
	may.parent_fd = open(spool, O_PATH | O_CLOEXEC);
	bool ok = may.parent_fd >= 0 &&
	          syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &may, 0) == 0 &&
	          (!FOR_LEAKS || may_see_itself(rules)) && syscall(SYS_landlock_restrict_self, rules, 0) == 0;

	if (may.parent_fd >= 0)
		close(may.parent_fd);
	close(rules);
	return ok;
}

bool line_seal(const char *spool)
{
	static const int calls[] = {
		SCMP_SYS(accept),
		SCMP_SYS(accept4),
		SCMP_SYS(bind),
		SCMP_SYS(brk),
		SCMP_SYS(clock_gettime),
		SCMP_SYS(clock_nanosleep),
		SCMP_SYS(close),
		SCMP_SYS(connect),
		SCMP_SYS(dup),
		SCMP_SYS(epoll_create1),
		SCMP_SYS(epoll_ctl),
		SCMP_SYS(epoll_wait),
		SCMP_SYS(epoll_pwait),
		SCMP_SYS(exit),
		SCMP_SYS(exit_group),
		SCMP_SYS(fcntl),
		SCMP_SYS(fdatasync),
		SCMP_SYS(fstat),
		SCMP_SYS(fsync),
		SCMP_SYS(futex),
		SCMP_SYS(getpeername),
		SCMP_SYS(getpid),
		SCMP_SYS(getrandom),
		SCMP_SYS(getrusage),
		SCMP_SYS(getsockname),
		SCMP_SYS(getsockopt),
		SCMP_SYS(gettid),
		SCMP_SYS(gettimeofday),
		SCMP_SYS(ioctl),
		SCMP_SYS(listen),
		SCMP_SYS(lseek),
		SCMP_SYS(madvise),
		SCMP_SYS(mmap),
		SCMP_SYS(mprotect),
		SCMP_SYS(mremap),
		SCMP_SYS(munmap),
		SCMP_SYS(nanosleep),
		SCMP_SYS(newfstatat),
		SCMP_SYS(openat),
		SCMP_SYS(poll),
		SCMP_SYS(ppoll),
		SCMP_SYS(pread64),
		SCMP_SYS(read),
		SCMP_SYS(readv),
		SCMP_SYS(recvfrom),
		SCMP_SYS(recvmsg),
		SCMP_SYS(renameat),
		SCMP_SYS(rt_sigaction),
		SCMP_SYS(rt_sigprocmask),
		SCMP_SYS(rt_sigreturn),
		SCMP_SYS(sched_yield),
		SCMP_SYS(select),
		SCMP_SYS(sendmsg),
		SCMP_SYS(sendto),
		SCMP_SYS(setsockopt),
		SCMP_SYS(shutdown),
		SCMP_SYS(sigaltstack),
		SCMP_SYS(socket),
		SCMP_SYS(tgkill),
		SCMP_SYS(time),
		SCMP_SYS(unlinkat),
		SCMP_SYS(write),
		SCMP_SYS(writev),
		SCMP_SYS(restart_syscall),
		SCMP_SYS(sysinfo),
		SCMP_SYS(getdents64),
	};
	bool ok = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
	bool fs = ok && only_the_spool(spool);
	scmp_filter_ctx f = ok ? seccomp_init(SCMP_ACT_ERRNO(EPERM)) : NULL;

	for (size_t i = 0; f && i < sizeof(calls) / sizeof(calls[0]); i++)
		ok = ok && seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0) == 0;
	for (size_t i = 0; f && FOR_LEAKS && i < sizeof(for_leaks) / sizeof(for_leaks[0]); i++)
		ok = ok && seccomp_rule_add(f, SCMP_ACT_ALLOW, for_leaks[i], 0) == 0;
	ok = ok && f && seccomp_load(f) == 0;
	if (f)
		seccomp_release(f);
	return ok && fs;
}
