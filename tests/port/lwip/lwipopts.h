/* SPDX-License-Identifier: Apache-2.0
 * lwIP as a microcontroller would have it, for the conformance test: sockets, DNS, both families, pools of fixed sizes that a
 * single leak per connection exhausts at once. Without an operating system's name, for unix and FreeRTOS. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS 0
#define LWIP_SOCKET 1
#define LWIP_SOCKET_SELECT 0 /* the port makes do with poll */
#define LWIP_COMPAT_SOCKETS 0
#define LWIP_POSIX_SOCKETS_IO_NAMES 0
#define LWIP_TIMEVAL_PRIVATE 0

#define MEM_ALIGNMENT 8
#define MEM_SIZE 32768
#define MEMP_NUM_NETCONN 5 /* two connections, wake(), the name lookup, one to spare */
#define MEMP_NUM_TCP_PCB 5
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_UDP_PCB 4
#define MEMP_NUM_TCP_SEG 32
#define PBUF_POOL_SIZE 24
#define PBUF_POOL_BUFSIZE 1536

#define TCP_MSS 1460
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (4 * TCP_MSS)
#define TCP_SND_QUEUELEN 16

#define TCPIP_MBOX_SIZE 16
#define DEFAULT_TCP_RECVMBOX_SIZE 8
#define DEFAULT_UDP_RECVMBOX_SIZE 4
#define DEFAULT_ACCEPTMBOX_SIZE 1
#define TCPIP_THREAD_STACKSIZE 2048
#define TCPIP_THREAD_PRIO 3

#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0 /* the address is there at once */
#define IP_REASSEMBLY 0
#define LWIP_IPV6_REASS 0
#define LWIP_DNS 1
#define LWIP_NETIF_LOOPBACK 0
#define LWIP_STATS 0

#endif
