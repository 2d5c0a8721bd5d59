/* Calls that have no place here: included before everything else, so that using one does not compile. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#pragma GCC poison strcpy strcat sprintf strtok atoi localtime gmtime
