/* Runs a process under ptrace and stops it at every system call that changes files under one folder: there it is
 * killed, made to fail, cut short, or logged with its data. The kernel's own view, so nothing escapes it: Python, SQLite,
 * the C library's buffers (numpy writes through them) and threads are all the same to it. Linux on x86-64.
 *
 * The child calls faults_traced() after fork, its parent faults_trace(). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPEN = 1, WRITE, SYNC, RENAME, UNLINK, RMDIR, MKDIR, TRUNCATE, OTHER };
enum { NOTHING, KILL_BEFORE, KILL_AFTER, FAIL, SHORTEN };

struct order {
    const char *root;  /* the folder */
    uint32_t kinds;    /* bits (1 << kind) that are counted */
    int32_t action;    /* at the operation number `at` */
    int64_t at;        /* from 1; 0 for never */
    int32_t error;     /* for FAIL */
    int32_t lasting;   /* FAIL from there on */
    int32_t log;       /* descriptor, or -1 */
};
struct outcome {
    int64_t counted;
    int32_t reached;   /* whether number `at` came */
    int32_t kind;      /* of number `at` */
    int32_t status;    /* of the process, as wait gives it */
    int32_t unknown;   /* operations that change files in a way that the log does not tell */
    char path[512];    /* of number `at` */
};
struct record {        /* then the two paths and the data */
    int32_t kind, flags;
    int64_t offset;
    uint32_t path, other, data, pad;
};
struct call { /* one that has been entered */
    pid_t tid;
    int kind, flags, fd, kill;
    uint64_t data;
    int64_t offset;
    char path[1024], other[1024];
};

static const int CALLS[] = {SYS_open, SYS_creat, SYS_openat, SYS_openat2, SYS_write, SYS_pwrite64, SYS_writev,
    SYS_pwritev, SYS_pwritev2, SYS_fsync, SYS_fdatasync, SYS_sync_file_range, SYS_syncfs, SYS_rename, SYS_renameat,
    SYS_renameat2, SYS_unlink, SYS_unlinkat, SYS_rmdir, SYS_mkdir, SYS_mkdirat, SYS_ftruncate, SYS_truncate,
    SYS_fallocate, SYS_link, SYS_linkat, SYS_symlink, SYS_symlinkat, SYS_sendfile, SYS_copy_file_range};
#define COUNT (sizeof CALLS / sizeof *CALLS)

int faults_traced(void) {
    struct sock_filter filter[COUNT + 8], *next = filter;
    const struct sock_filter load = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    *next++ = load;
    /* A shared, writable mapping would change files unseen. */
    *next++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 4);
    *next++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]));
    *next++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_WRITE, 0, COUNT + 2);
    *next++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3]));
    *next++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED, COUNT + 1, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        *next++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALLS[i], COUNT - i, 0);
    *next++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    *next++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    struct sock_fprog program = {(unsigned short)(next - filter), filter};
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return errno;
    raise(SIGSTOP);
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? errno : 0;
}

static size_t peek(pid_t pid, uint64_t from, void *to, size_t size) {
    struct iovec here = {to, size}, there = {(void *)from, size};
    ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);
    return got < 0 ? 0 : (size_t)got;
}

static void link_of(pid_t pid, const char *what, int fd, char *path, size_t size) {
    char link[64];
    if (what) snprintf(link, sizeof link, "/proc/%d/%s", pid, what);
    else snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, fd);
    ssize_t length = readlink(link, path, size - 1);
    path[length < 0 ? 0 : length] = 0;
}

static void path_at(pid_t pid, int folder, uint64_t from, char *path, size_t size) {
    char name[512] = "";
    /* A string may end short of an unmapped page. */
    for (size_t at = 0; at < sizeof name - 1; at++)
        if (peek(pid, from + at, name + at, 1) != 1 || !name[at]) break;
    if (*name == '/') { snprintf(path, size, "%s", name); return; }
    link_of(pid, folder == AT_FDCWD ? "cwd" : NULL, folder, path, size);
    size_t length = strlen(path);
    snprintf(path + length, size - length, "/%s", name);
}

static int64_t position(pid_t pid, int fd) {
    char name[64];
    long long at = -1;
    snprintf(name, sizeof name, "/proc/%d/fdinfo/%d", pid, fd);
    FILE *file = fopen(name, "r");
    if (file) { if (fscanf(file, "pos: %lld", &at) != 1) at = -1; fclose(file); }
    return at;
}

static int within(const char *root, const char *path) {
    size_t length = strlen(root);
    return !strncmp(root, path, length) && (!path[length] || path[length] == '/');
}

/* What a call does; kind 0 if it changes nothing. */
static void read_call(pid_t pid, const struct user_regs_struct *r, struct call *c) {
    const int first = (int)r->rdi, creates = O_CREAT | O_TRUNC;
    memset(c, 0, offsetof(struct call, path));
    c->tid = pid; c->fd = -1; c->offset = -1; *c->path = *c->other = 0;
#define AT(folder, name) path_at(pid, folder, name, c->path, sizeof c->path)
#define TO(folder, name) path_at(pid, folder, name, c->other, sizeof c->other)
    switch (r->orig_rax) {
    case SYS_open: if (r->rsi & creates) { c->kind = OPEN; c->flags = (int)r->rsi; AT(AT_FDCWD, r->rdi); } break;
    case SYS_creat: c->kind = OPEN; c->flags = creates; AT(AT_FDCWD, r->rdi); break;
    case SYS_openat: if (r->rdx & creates) { c->kind = OPEN; c->flags = (int)r->rdx; AT(first, r->rsi); } break;
    case SYS_openat2: c->kind = OTHER; AT(first, r->rsi); break;
    case SYS_write: c->kind = WRITE; c->fd = first; c->data = r->rsi; break;
    case SYS_pwrite64: c->kind = WRITE; c->fd = first; c->data = r->rsi; c->offset = (int64_t)r->r10; break;
    case SYS_fsync: case SYS_fdatasync: c->kind = SYNC; c->fd = first; break;
    case SYS_rename: c->kind = RENAME; AT(AT_FDCWD, r->rdi); TO(AT_FDCWD, r->rsi); break;
    case SYS_renameat: case SYS_renameat2: c->kind = RENAME; AT(first, r->rsi); TO((int)r->rdx, r->r10); break;
    case SYS_unlink: c->kind = UNLINK; AT(AT_FDCWD, r->rdi); break;
    case SYS_unlinkat: c->kind = r->rdx & AT_REMOVEDIR ? RMDIR : UNLINK; AT(first, r->rsi); break;
    case SYS_rmdir: c->kind = RMDIR; AT(AT_FDCWD, r->rdi); break;
    case SYS_mkdir: c->kind = MKDIR; AT(AT_FDCWD, r->rdi); break;
    case SYS_mkdirat: c->kind = MKDIR; AT(first, r->rsi); break;
    case SYS_ftruncate: c->kind = TRUNCATE; c->fd = first; c->offset = (int64_t)r->rsi; break;
    case SYS_mmap: c->kind = OTHER; c->fd = (int)r->r8; break;
    case SYS_truncate: case SYS_link: case SYS_symlink: c->kind = OTHER; AT(AT_FDCWD, r->orig_rax == SYS_truncate ? r->rdi : r->rsi); break;
    case SYS_linkat: c->kind = OTHER; AT((int)r->rdx, r->r10); break;
    case SYS_symlinkat: c->kind = OTHER; AT((int)r->rsi, r->rdx); break;
    case SYS_copy_file_range: c->kind = OTHER; c->fd = (int)r->rdx; break;
    default: c->kind = OTHER; c->fd = first; /* writev, fallocate, sendfile, sync_file_range ... on a descriptor */
    }
    if (c->fd >= 0) link_of(pid, NULL, c->fd, c->path, sizeof c->path);
}

static void write_log(const struct order *order, const struct call *c, int64_t result) {
    struct record record = {.kind = c->kind, .flags = c->flags, .offset = c->offset};
    char *data = NULL;
    record.path = (uint32_t)strlen(c->path);
    record.other = (uint32_t)strlen(c->other);
    if (c->kind == WRITE) {
        data = malloc((size_t)result + 1);
        record.data = (uint32_t)peek(c->tid, c->data, data, (size_t)result);
        if (c->offset < 0) record.offset = position(c->tid, c->fd) - result;
    }
    struct iovec parts[] = {{&record, sizeof record}, {(void *)c->path, record.path}, {(void *)c->other, record.other},
                            {data, record.data}};
    if (writev(order->log, parts, 4) < 0) abort();
    free(data);
}

static struct call calls[256];

static struct call *call_of(pid_t tid) {
    for (size_t i = 0; i < 256; i++) if (calls[i].tid == tid) return &calls[i];
    for (size_t i = 0; i < 256; i++) if (!calls[i].tid) return &calls[i];
    abort();
}

/* At the entry of a call: how to go on. */
static int entered(pid_t leader, pid_t tid, const struct order *order, struct outcome *outcome) {
    struct user_regs_struct registers;
    struct call *c = call_of(tid);
    if (ptrace(PTRACE_GETREGS, tid, 0, &registers)) return PTRACE_CONT;
    read_call(tid, &registers, c);
    if (!c->kind || !(within(order->root, c->path) || within(order->root, c->other))) { c->tid = 0; return PTRACE_CONT; }
    if (c->kind == OTHER) outcome->unknown++;
    const int counts = order->kinds >> c->kind & 1;
    if (counts) outcome->counted++;
    const int here = counts && order->at && outcome->counted == order->at;
    if (here) {
        outcome->reached = 1;
        outcome->kind = c->kind;
        snprintf(outcome->path, sizeof outcome->path, "%.511s", *c->other ? c->other : c->path);
        if (order->action == KILL_BEFORE) { kill(leader, SIGKILL); return PTRACE_CONT; }
        c->kill = order->action == KILL_AFTER;
    }
    if (order->action == FAIL && counts && order->at
        && (here || (order->lasting && outcome->counted > order->at))) {
        registers.orig_rax = (unsigned long long)-1;
        registers.rax = (unsigned long long)-order->error;
        ptrace(PTRACE_SETREGS, tid, 0, &registers);
        c->tid = 0;
        return PTRACE_CONT;
    }
    if (here && order->action == SHORTEN && c->kind == WRITE && registers.rdx > 1) {
        registers.rdx /= 2;
        ptrace(PTRACE_SETREGS, tid, 0, &registers);
    }
    if (!c->kill && order->log < 0) { c->tid = 0; return PTRACE_CONT; }
    return PTRACE_SYSCALL;
}

static void left(pid_t leader, pid_t tid, const struct order *order) {
    struct user_regs_struct registers;
    struct call *c = call_of(tid);
    if (c->tid != tid) return;
    if (c->kill) kill(leader, SIGKILL);
    else if (!ptrace(PTRACE_GETREGS, tid, 0, &registers) && (int64_t)registers.rax >= 0 && c->kind != OTHER)
        write_log(order, c, (int64_t)registers.rax);
    c->tid = 0;
}

int faults_trace(pid_t leader, const struct order *order, struct outcome *outcome) {
    int status;
    memset(calls, 0, sizeof calls);
    memset(outcome, 0, sizeof *outcome);
    if (waitpid(leader, &status, __WALL) < 0) return errno;
    if (!WIFSTOPPED(status)) { outcome->status = status; return 0; }
    if (ptrace(PTRACE_SETOPTIONS, leader, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK
        | PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD)) return errno;
    ptrace(PTRACE_CONT, leader, 0, 0);
    for (;;) {
        const pid_t tid = waitpid(-1, &status, __WALL);
        if (tid < 0) return errno == ECHILD ? 0 : errno;
        if (!WIFSTOPPED(status)) {
            if (tid == leader) outcome->status = status;
            continue;
        }
        int request = PTRACE_CONT, signal_ = 0;
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) request = entered(leader, tid, order, outcome);
        else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) left(leader, tid, order);
        else if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP) signal_ = WSTOPSIG(status);
        ptrace(request, tid, 0, signal_);
    }
}
