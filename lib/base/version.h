/* The version of the library and the programs; the Makefile reads it here too. */
#ifndef CNN_BASE_VERSION_H
#define CNN_BASE_VERSION_H

#define CNN_VERSION "0.1.0"

#endif
