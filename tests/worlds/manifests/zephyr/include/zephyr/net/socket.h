/* SPDX-License-Identifier: Apache-2.0
 * See ../kernel.h. */
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define zsock_addrinfo addrinfo
#define zsock_pollfd pollfd
#define ZSOCK_MSG_DONTWAIT (MSG_DONTWAIT | MSG_NOSIGNAL)
#define ZSOCK_POLLIN POLLIN
#define ZSOCK_POLLOUT POLLOUT
#define ZSOCK_POLLNVAL POLLNVAL
#define zsock_getaddrinfo getaddrinfo
#define zsock_freeaddrinfo freeaddrinfo
#define zsock_socket socket
#define zsock_setsockopt setsockopt
#define zsock_getsockopt getsockopt
#define zsock_fcntl fcntl
#define zsock_connect(fd, to, len) connect(fd, to, (socklen_t)(len))
#define zsock_send send
#define zsock_recv recv
#define zsock_close close
#define zsock_poll(fd, n, ms) poll(fd, (nfds_t)(n), ms)
