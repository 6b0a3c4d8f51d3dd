/* Two vehicles: one signs, the other judges.  cc hello.c $(pkg-config --cflags --libs scms-device) */
#include <scms/device.h>
#include <stdio.h>

int main(void)
{
	struct scms_device_error error;
	struct scms_device *sender = scms_device_open("car-1", &error);
	struct scms_device *receiver = sender != NULL ? scms_device_open("car-2", &error) : NULL;
	const struct scms_slice payload = {(const uint8_t *)"here I am", 9};
	struct scms_received received;
	uint8_t message[2048];
	size_t n = receiver != NULL ? scms_device_sign(sender, 0x20, payload, SCMS_ATTACH, message, sizeof(message), &error) : 0;

	if (n == 0)
		return fprintf(stderr, "%s\n", error.text), 1;
	if (scms_device_verify(receiver, (struct scms_slice){message, n}, &received, &error) != SCMS_DEVICE_ACCEPTED)
		return fprintf(stderr, "%s\n", error.text), 1;
	printf("accepted: %.*s\n", (int)received.payload.n, (const char *)received.payload.p);
	scms_device_close(sender);
	scms_device_close(receiver);
}
