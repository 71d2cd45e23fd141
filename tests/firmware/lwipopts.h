/* SPDX-License-Identifier: Apache-2.0
 * lwIP for one connection or two, without an operating system: TCP over IPv4, names by DNS, answers to ping. No heap but lwIP's
 * pools and MEM_SIZE. */
#ifndef FIRMWARE_LWIPOPTS_H
#define FIRMWARE_LWIPOPTS_H

#include <stdint.h>

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_STATS 0
#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_UDP 1
#define LWIP_DNS 1
#define LWIP_TCP 1
#define LWIP_ARP 1
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define LWIP_NETIF_LINK_CALLBACK 0
#define LWIP_NOASSERT 1
#define LWIP_NO_CTYPE_H 1
#define LWIP_NO_UNISTD_H 1
#define SSIZE_MAX 0x7fffffff
typedef int ssize_t;

#define MEM_ALIGNMENT 4
#define MEM_SIZE 6144 /* packets to be sent, until they are acknowledged */
#define PBUF_POOL_SIZE 8
#define PBUF_POOL_BUFSIZE 592 /* of a frame: three for the longest */
#define TCP_MSS 536
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (4 * TCP_MSS)
#define TCP_SND_QUEUELEN 16
#define MEMP_NUM_TCP_SEG 16
#define MEMP_NUM_TCP_PCB 4
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define TCP_LISTEN_BACKLOG 0
#define MEMP_NUM_UDP_PCB 2
#define ARP_TABLE_SIZE 4
#define ETHARP_SUPPORT_STATIC_ENTRIES 0
#define DNS_TABLE_SIZE 2
#define DNS_MAX_SERVERS 1
#define DNS_MAX_NAME_LENGTH 64
#define LWIP_DNS_SECURE (LWIP_DNS_SECURE_RAND_XID | LWIP_DNS_SECURE_RAND_SRC_PORT)

/* The tests' name server is wherever the host has a port to spare. */
uint16_t firmware_dns_port(void);
#define DNS_SERVER_PORT firmware_dns_port()

#endif
