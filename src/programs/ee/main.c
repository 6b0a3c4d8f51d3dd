/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"
int main(void){return 0;}
