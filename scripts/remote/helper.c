// SPDX-License-Identifier: MIT
// The far end of scripts/verify-bsd --remote: compiled on the BSD, it carries out wgq's requests from one stream. A
// request is a line of words, bytes in hexadecimal, `-` for none; a reply is a line after `wgq:`, to distinguish it
// from noise.
//
//   R ID STDIN WORD…            runs a command:    O ID BYTES, E ID BYTES (its outputs), X ID STATUS at its end
//   K ID                        ends a command
//   I ID FAMILY REQUEST BYTES   ioctl(2):          I ID ERRNO BYTES (the structure afterwards; ERRNO 0 or a name)
//   P ID FAMILY REQUEST OFFSET BYTES DATA          the address of DATA at OFFSET: P ID ERRNO BYTES DATA
//   N ID NAME                   if_nametoindex(3): N ID INDEX
#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { most_commands = 32, most_words = 256, piece = 2048 };

static struct command { long id; pid_t pid; int out[2]; } commands[most_commands];

static const char *name_of(int number) {
#define NAME(x) if (number == x) return #x;
  NAME(EPERM) NAME(ENOENT) NAME(EIO) NAME(ENXIO) NAME(E2BIG) NAME(EBADF) NAME(ENOMEM) NAME(EACCES) NAME(EFAULT) NAME(EBUSY)
  NAME(EEXIST) NAME(ENODEV) NAME(EINVAL) NAME(ENOTTY) NAME(ENOSPC) NAME(ENOBUFS) NAME(EADDRINUSE) NAME(EADDRNOTAVAIL)
  NAME(EAFNOSUPPORT) NAME(EPFNOSUPPORT) NAME(EOPNOTSUPP) NAME(ENETDOWN) NAME(EBADMSG) NAME(EILSEQ) NAME(EAGAIN)
#undef NAME
  static char other[16];
  snprintf(other, sizeof other, "E%d", number);
  return other;
}

static void put_bytes(const unsigned char *bytes, size_t length) {
  if (length == 0) fputs(" -", stdout);
  else putchar(' ');
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
}

// The bytes of a word, followed by a zero; NULL if it is not hexadecimal.
static unsigned char *bytes_of(const char *word, size_t *length) {
  const size_t digits = word && strcmp(word, "-") != 0 ? strlen(word) : 0;
  unsigned char *bytes = calloc(digits / 2 + 1, 1);
  if (!bytes || digits % 2 != 0 || !word) return free(bytes), NULL;
  for (size_t i = 0; i < digits / 2; i++) {
    unsigned value;
    if (sscanf(word + 2 * i, "%2x", &value) != 1) return free(bytes), NULL;
    bytes[i] = (unsigned char)value;
  }
  return *length = digits / 2, bytes;
}

// The input of a command goes through an unnamed file: a pipe might fill up.
static int input_with(const unsigned char *bytes, size_t length) {
  char path[] = "/tmp/wgq-remote.XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0) return -1;
  unlink(path);
  if (write(fd, bytes, length) != (ssize_t)length) return close(fd), -1;
  lseek(fd, 0, SEEK_SET);
  return fd;
}

static void run(long id, char **words, int count) {
  char *args[most_words + 1] = {0};
  size_t length, ignored;
  unsigned char *input = bytes_of(words[0], &length);
  struct command *slot = commands;
  while (slot < commands + most_commands && slot->pid) slot++;
  int out[2], err[2];
  const int in = input ? input_with(input, length) : -1;
  free(input);
  for (int i = 1; i < count; i++) args[i - 1] = (char *)bytes_of(words[i], &ignored);
  if (in < 0 || !args[0] || slot == commands + most_commands || pipe(out) < 0 || pipe(err) < 0) {
    printf("wgq:X %ld 126\n", id);
  } else if ((slot->pid = fork()) == 0) {
    dup2(in, 0), dup2(out[1], 1), dup2(err[1], 2);
    for (int fd = 3; fd < 256; fd++) close(fd);
    setpgid(0, 0);
    setenv("LC_ALL", "C", 1);
    execvp(args[0], args);
    fprintf(stderr, "%s: not found\n", args[0]);
    _exit(127);
  } else {
    setpgid(slot->pid, slot->pid);
    close(out[1]), close(err[1]);
    slot->id = id, slot->out[0] = out[0], slot->out[1] = err[0];
  }
  if (in >= 0) close(in);
  for (int i = 0; args[i]; i++) free(args[i]);
}

// Forwards a command's output; at the end of both outputs sends its status.
static void hear(struct command *from, int which) {
  unsigned char bytes[piece];
  const ssize_t got = read(from->out[which], bytes, sizeof bytes);
  if (got > 0) {
    printf("wgq:%c %ld", which ? 'E' : 'O', from->id);
    put_bytes(bytes, (size_t)got);
    putchar('\n');
    return;
  }
  close(from->out[which]);
  from->out[which] = -1;
  if (from->out[0] >= 0 || from->out[1] >= 0) return;
  int status = 0;
  waitpid(from->pid, &status, 0);
  printf("wgq:X %ld %d\n", from->id, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  from->pid = 0;
}

static void ask_kernel(char kind, long id, char **words, int count) {
  size_t length = 0, data_length = 0;
  const int pointed = kind == 'P';
  unsigned char *header = count > 2 + pointed ? bytes_of(words[2 + pointed], &length) : NULL;
  unsigned char *data = pointed && count > 4 ? bytes_of(words[4], &data_length) : NULL;
  const size_t offset = pointed && count > 2 ? strtoul(words[2], NULL, 10) : 0;
  int number = EINVAL;
  if (header && (!pointed || (data && offset + sizeof data <= length))) {
    const int fd = socket(atoi(words[0]), SOCK_DGRAM, 0);
    if (pointed) memcpy(header + offset, &data, sizeof data);
    number = fd >= 0 && ioctl(fd, strtoul(words[1], NULL, 10), header) >= 0 ? 0 : errno;
    if (pointed) memset(header + offset, 0, sizeof(void *));
    if (fd >= 0) close(fd);
  }
  printf("wgq:%c %ld %s", kind, id, number ? name_of(number) : "0");
  put_bytes(header, header ? length : 0);
  if (pointed) put_bytes(data, data ? data_length : 0);
  putchar('\n');
  free(header), free(data);
}

static void obey(char *line) {
  char *words[most_words];
  int count = 0;
  for (char *word = strtok(line, " \r"); word && count < most_words; word = strtok(NULL, " \r")) words[count++] = word;
  if (count < 2) return;
  const long id = atol(words[1]);
  switch (words[0][0]) {
    case 'R':
      if (count > 3) run(id, words + 2, count - 2);
      break;
    case 'K':
      for (struct command *each = commands; each < commands + most_commands; each++)
        if (each->pid && each->id == id) kill(-each->pid, SIGTERM);
      break;
    case 'I':
    case 'P':
      ask_kernel(words[0][0], id, words + 2, count - 2);
      break;
    case 'N':
      if (count > 2) printf("wgq:N %ld %u\n", id, if_nametoindex(words[2]));
  }
}

int main(void) {
  char *line = NULL;
  size_t used = 0, room = 0;
  printf("wgq:ready\n");
  for (;;) {
    fflush(stdout);
    struct pollfd polled[1 + 2 * most_commands] = {{0, POLLIN, 0}};
    for (int i = 0; i < 2 * most_commands; i++) {
      const struct command *each = &commands[i / 2];
      polled[1 + i].fd = each->pid ? each->out[i % 2] : -1;
      polled[1 + i].events = POLLIN;
    }
    if (poll(polled, 1 + 2 * most_commands, -1) < 0) continue;
    for (int i = 0; i < 2 * most_commands; i++)
      if (polled[1 + i].revents) hear(&commands[i / 2], i % 2);
    if (!polled[0].revents) continue;
    if (room - used < piece && !(line = realloc(line, room = 2 * room + 2 * piece))) return 1;
    const ssize_t got = read(0, line + used, piece - 1);
    if (got <= 0) break;
    used += (size_t)got;
    for (char *end; (end = memchr(line, '\n', used)) != NULL;) {
      *end = 0;
      const size_t length = (size_t)(end - line) + 1;
      obey(line);
      memmove(line, line + length, used -= length);
    }
  }
  for (struct command *each = commands; each < commands + most_commands; each++)
    if (each->pid) kill(-each->pid, SIGTERM);
  return 0;
}
