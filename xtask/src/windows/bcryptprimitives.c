/* bcryptprimitives.dll: the one function of it that programs of Go and Rust ask for. wine 8 has no such library. */

__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *buffer, unsigned long length);

/* The most bytes of one call, whose length has 32 bits. */
static const unsigned long PART = 0x10000;

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *data, unsigned long long length) {
    while (length > 0) {
        unsigned long part = length < PART ? (unsigned long)length : PART;
        if (!SystemFunction036(data, part)) {
            return 0;
        }
        data += part;
        length -= part;
    }
    return 1;
}
