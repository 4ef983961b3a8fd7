/* measure COMMAND [ARGUMENT]...: run it with its output thrown away, and print the seconds from
 * exec to exit and the peak memory in KiB (the largest process where it starts others), for
 * scripts/bench. */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static _Noreturn void run(char **command)
{
    int null = open("/dev/null", O_WRONLY);
    if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0)
        execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

int main(int argc, char **argv)
{
    struct rusage used;
    int status;
    if (argc < 2) {
        fprintf(stderr, "Usage: measure COMMAND [ARGUMENT]...\n");
        return 64;
    }
    double begin = now();
    pid_t child = fork();
    if (child == 0)
        run(argv + 1);
    if (child < 0 || wait4(child, &status, 0, &used) < 0) {
        perror("measure");
        return 71;
    }
    printf("%.6f %ld\n", now() - begin, used.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 70;
}
