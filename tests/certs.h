/* SPDX-License-Identifier: Apache-2.0
 * Certificates made on the spot by the openssl command, for tests: every kind that has to be accepted or refused.
 *
 *     char dir[] = …;                     mkdtemp'd
 *     if (certs_make(dir) != 0) …         then dir/NAME.pem and dir/NAME.key for the names below
 *
 * ca: the authority of most. good: localhost and master.example, EC. rsa: the same with an RSA key. ip: 127.0.0.1 and ::1.
 * wrong: other.example. expired, future: localhost, 2020 and 2090. bad: expired and other.example. self: self-signed,
 * localhost. mid: an authority below ca; under: localhost, signed by mid, its file holds mid too. stray: an authority
 * that signed nothing here. */
#ifndef TESTS_CERTS_H
#define TESTS_CERTS_H

#include <stdio.h>
#include <stdlib.h>

static const char certs_script[] =
    "set -e; exec >make.log 2>&1; : >index.txt\n"
    "cat >ca.cnf <<X\n"
    "[ca]\ndefault_ca=d\n"
    "[d]\ndatabase=index.txt\nrand_serial=yes\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n"
    "unique_subject=no\ncopy_extensions=copy\ndefault_days=3650\n"
    "[p]\ncommonName=supplied\n"
    "[req]\ndistinguished_name=n\nprompt=no\n[n]\nCN=x\n"
    "X\n"
    "key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }\n"
    "root() { key $1; openssl req -x509 -new -config ca.cnf -key $1.key -subj /CN=$1 -days 3650 -out $1.pem"
    " -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign,cRLSign; }\n"
    /* name, alternative names, authority, further options of openssl ca */
    "leaf() { n=$1 a=$2 by=$3; shift 3; [ -f $n.key ] || key $n\n"
    " openssl req -new -config ca.cnf -key $n.key -subj /CN=$n -addext subjectAltName=$a -out $n.csr\n"
    " openssl ca -batch -notext -config ca.cnf -cert $by.pem -keyfile $by.key -in $n.csr -out $n.pem \"$@\"; }\n"
    "root ca; root stray\n"
    "leaf good DNS:localhost,DNS:master.example ca\n"
    "openssl genrsa -out rsa.key 2048; leaf rsa DNS:localhost ca\n"
    "leaf ip IP:127.0.0.1,IP:::1 ca\n"
    "leaf wrong DNS:other.example ca\n"
    "leaf expired DNS:localhost ca -startdate 20200101000000Z -enddate 20210101000000Z\n"
    "leaf future DNS:localhost ca -startdate 20900101000000Z -enddate 20910101000000Z\n"
    "leaf bad DNS:other.example ca -startdate 20200101000000Z -enddate 20210101000000Z\n"
    "key self; openssl req -x509 -new -config ca.cnf -key self.key -subj /CN=localhost -days 3650 -out self.pem"
    " -addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE\n"
    "key mid; openssl req -new -config ca.cnf -key mid.key -subj /CN=mid -addext basicConstraints=critical,CA:TRUE"
    " -out mid.csr\n"
    "openssl ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key -in mid.csr -out mid.pem\n"
    "leaf under DNS:localhost mid; cp under.pem under_only.pem; cat mid.pem >>under.pem\n";

/* 0 if all were made. What openssl said is in dir/make.log. */
static int certs_make(const char *dir) {
    char cmd[8192];
    int n = snprintf(cmd, sizeof cmd, "cd '%s' && %s", dir, certs_script);
    return n > 0 && (size_t)n < sizeof cmd && system(cmd) == 0 ? 0 : -1;
}

#endif
