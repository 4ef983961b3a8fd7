/* Loaded before a program (LD_PRELOAD): a system call of its fails, or does less than it was asked
 * for.
 *
 *   FAULT=KIND:HOW:N[+]   call number N of that kind (from main on, counted from 1; +: and all
 * after it) gives that errno; "short" halves the bytes of a read or write FAULT=count none does
 *   FAULT_UNDER=FOLDER    counted is what is done to files below it, to pipes, and by relative
 * paths FAULT_LOG=FILE        what was done: "KIND PATH" of each call that failed; for "count" a
 * line "KIND CALLS" for each kind, when the program ends
 *
 * The kernel hands over each such call by SIGSYS (seccomp(2)), those that libc makes for itself
 * included; they are done here, at the one address that the filter lets through. For Linux on
 * x86-64. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "main.h"

/* Kinds, and their calls: number, which argument is a descriptor, which a path (-1: none). */
enum kind {
    READ,
    WRITE,
    SYNC,
    RENAME,
    CLOSE,
    OPEN,
    TRUNCATE,
    MAP,
    MKDIR,
    LIST,
    STAT,
    UNLINK,
    MODE,
    KINDS
};
static const char *const kind_name[KINDS] = {"read", "write",    "sync", "rename", "close",
                                             "open", "truncate", "map",  "mkdir",  "list",
                                             "stat", "unlink",   "mode"};
static const struct call {
    int number;
    enum kind kind;
    int fd, path;
} calls[] = {
    {SYS_read, READ, 0, -1},       {SYS_pread64, READ, 0, -1},     {SYS_readv, READ, 0, -1},
    {SYS_write, WRITE, 0, -1},     {SYS_writev, WRITE, 0, -1},     {SYS_pwritev2, WRITE, 0, -1},
    {SYS_fsync, SYNC, 0, -1},      {SYS_fdatasync, SYNC, 0, -1},   {SYS_rename, RENAME, -1, 1},
    {SYS_renameat, RENAME, -1, 3}, {SYS_renameat2, RENAME, -1, 3}, {SYS_close, CLOSE, 0, -1},
    {SYS_open, OPEN, -1, 0},       {SYS_openat, OPEN, -1, 1},      {SYS_ftruncate, TRUNCATE, 0, -1},
    {SYS_mmap, MAP, 4, -1},        {SYS_mkdir, MKDIR, -1, 0},      {SYS_mkdirat, MKDIR, -1, 1},
    {SYS_getdents64, LIST, 0, -1}, {SYS_newfstatat, STAT, 0, 1},   {SYS_fstat, STAT, 0, -1},
    {SYS_stat, STAT, -1, 0},       {SYS_lstat, STAT, -1, 0},       {SYS_unlink, UNLINK, -1, 0},
    {SYS_unlinkat, UNLINK, -1, 1}, {SYS_rmdir, UNLINK, -1, 0},     {SYS_fchmod, MODE, 0, -1},
};
enum { CALLS = sizeof calls / sizeof *calls, MAX_PATH = 4096 };

static atomic_long count[KINDS];
static int fail_kind = -1, fail_errno, fail_short, fail_after, log_fd = -1;
static long fail_number;
static const char *under = "/";

/* A system call that the filter lets through: it looks at the address behind the instruction. */
long let_through(const long *argument, long number);
extern const char behind_call[];
__asm__(".globl let_through\n.hidden let_through\n.globl behind_call\n.hidden behind_call\n"
        "let_through:\n"
        "mov %rsi, %rax\nmov %rdi, %r11\n"
        "mov 0(%r11), %rdi\nmov 8(%r11), %rsi\nmov 16(%r11), %rdx\n"
        "mov 24(%r11), %r10\nmov 32(%r11), %r8\nmov 40(%r11), %r9\n"
        "syscall\n"
        "behind_call: ret\n");

/* What the call is about, as a text: its path, or where its descriptor leads. */
static const char *subject(const struct call *c, const long *argument, char *room)
{
    const char *path = c->path >= 0 ? (const char *)argument[c->path] : NULL;
    if (path && *path)
        return path;
    char link[64];
    if (c->fd < 0 || (int)argument[c->fd] < 0)
        return "/";
    snprintf(link, sizeof link, "/proc/self/fd/%d", (int)argument[c->fd]);
    ssize_t n = readlink(link, room, MAX_PATH - 1);
    room[n > 0 ? n : 0] = '\0';
    return room;
}

static int counts(const char *path)
{
    return path[0] != '/' || !strncmp(path, under, strlen(under));
}

static void note(const char *kind, const char *path)
{
    char line[MAX_PATH + 32];
    int n = snprintf(line, sizeof line, "%s %s\n", kind, path);
    long write[6] = {log_fd, (long)line, n};
    if (log_fd >= 0)
        let_through(write, SYS_write);
}

/* The call's answer. */
static long answer(const struct call *c, long *argument)
{
    char room[MAX_PATH];
    const char *path = subject(c, argument, room);
    if (!counts(path) || (c->number == SYS_close && (int)argument[0] == log_fd))
        return let_through(argument, c->number);
    long n = ++count[c->kind];
    if ((int)c->kind != fail_kind || n < fail_number || (n > fail_number && !fail_after))
        return let_through(argument, c->number);
    if (fail_after && c->kind == WRITE && argument[0] == STDERR_FILENO)
        return let_through(argument, c->number); /* a full disk, of which there is a word to say */
    note(kind_name[c->kind], path);
    if (fail_short && c->number != SYS_readv && c->number != SYS_writev &&
        c->number != SYS_pwritev2)
        argument[2] -= argument[2] / 2;
    if (fail_short || c->kind == CLOSE) /* a descriptor is closed even where that says otherwise */
        n = let_through(argument, c->number);
    return fail_short ? n : -fail_errno;
}

static void handed_over(int signal, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    long argument[6] = {r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]};
    int saved = errno;
    (void)signal;
    for (int i = 0; i < CALLS; i++)
        if (calls[i].number == info->si_syscall)
            r[REG_RAX] = answer(&calls[i], argument);
    errno = saved;
}

static int install(void)
{
    struct sock_filter filter[CALLS + 8];
    uint64_t address = (uint64_t)(uintptr_t)behind_call;
    int n = 0;
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                               offsetof(struct seccomp_data, instruction_pointer));
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)address, 0, 2);
    filter[n++] = (struct sock_filter)BPF_STMT(
        BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4);
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(address >> 32),
                                               CALLS + 1, 0);
    filter[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < CALLS; i++, n++)
        filter[n] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, (uint8_t)(CALLS - i), 0);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    struct sock_fprog program = {(unsigned short)n, filter};
    struct sigaction action = {.sa_sigaction = handed_over, .sa_flags = SA_SIGINFO | SA_NODEFER};
    return sigaction(SIGSYS, &action, NULL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* KIND:HOW:N[+]; 0 when it is none. */
static int parse(const char *fault)
{
    static const struct {
        const char *name;
        int number;
    } errors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EINTR", EINTR},   {"EACCES", EACCES},
                  {"ENODEV", ENODEV}, {"ENOMEM", ENOMEM}, {"EMFILE", EMFILE}, {"short", 0}};
    char kind[16], how[16], after = ' ';
    if (sscanf(fault, "%15[a-z]:%15[A-Za-z]:%ld%c", kind, how, &fail_number, &after) < 3)
        return 0;
    for (int i = 0; i < KINDS; i++)
        if (!strcmp(kind, kind_name[i]))
            fail_kind = i;
    int known = 0;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (!strcmp(how, errors[i].name)) {
            known = 1;
            fail_errno = errors[i].number;
        }
    fail_short = !fail_errno;
    fail_after = after == '+';
    return known && fail_kind >= 0;
}

static int counting;

static int watched_main(int argc, char **argv, char **environment)
{
    const char *fault = getenv("FAULT"), *log = getenv("FAULT_LOG");
    if (!fault)
        return real_main(argc, argv, environment);
    counting = !strcmp(fault, "count");
    if (getenv("FAULT_UNDER"))
        under = getenv("FAULT_UNDER");
    if (log) /* high, out of the way of the program's own */
        log_fd = fcntl(open(log, O_WRONLY | O_CREAT | O_APPEND, 0666), F_DUPFD_CLOEXEC, 200);
    if ((!counting && !parse(fault)) || install()) {
        fprintf(stderr, "fail_call: cannot do FAULT=%s\n", fault);
        _exit(99);
    }
    return real_main(argc, argv, environment);
}

__attribute__((destructor)) static void end(void)
{
    char calls_text[32];
    for (int i = 0; counting && i < KINDS; i++) {
        snprintf(calls_text, sizeof calls_text, "%ld", (long)count[i]);
        note(kind_name[i], calls_text);
    }
}
