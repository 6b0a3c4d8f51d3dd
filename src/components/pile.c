/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pile.h"

#include <stdlib.h>
#include <string.h>

bool pile_add(struct pile *pile, struct scms_slice element)
{
	size_t room = pile->room > 0 ? pile->room : 4096;
	uint8_t *p;

	while (room - pile->bytes.n < element.n) {
		if (room > SIZE_MAX / 2)
			return false;
		room *= 2;
	}
	if (room != pile->room) {
		p = realloc(pile->bytes.p, room);
		if (p == NULL)
			return false;
		pile->bytes.p = p;
		pile->room = room;
	}
	if (element.n > 0)
		memcpy(pile->bytes.p + pile->bytes.n, element.p, element.n);
	pile->bytes.n += element.n;
	pile->count++;
	return true;
}
