/* SPDX-License-Identifier: Apache-2.0
 * lwIP without an operating system, on a host, for the conformance test: both families, DNS, pools that one leak a connection
 * exhausts at once. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_TIMEVAL_PRIVATE 0

#define MEM_ALIGNMENT 8
#define MEM_SIZE 16384
#define MEMP_NUM_TCP_PCB 5
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_UDP_PCB 4
#define MEMP_NUM_TCP_SEG 32
#define PBUF_POOL_SIZE 16
#define PBUF_POOL_BUFSIZE 1536

#define TCP_MSS 1460
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (4 * TCP_MSS)
#define TCP_SND_QUEUELEN 16

#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0 /* the address is there at once */
#define IP_REASSEMBLY 0
#define LWIP_IPV6_REASS 0
#define LWIP_DNS 1
#define LWIP_STATS 0

#endif
