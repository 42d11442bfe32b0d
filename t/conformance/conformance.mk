# Programs that only the conformance scripts use; run.sh drives them.
CONFORMANCE := $(patsubst t/conformance/%.c,$(B)/conformance/%,\
	$(wildcard t/conformance/*.c))

$(B)/conformance/%: $(B)/obj/t/conformance/%.o $(call lib,x509 base)
	@mkdir -p $(@D)
	$(link) $(LIBS_CRYPTO)

.PHONY: conformance-programs
conformance-programs: $(CONFORMANCE)

# The CMS driver reads git objects too.
$(B)/conformance/cms_driver: $(call lib,seal formats iface)

# The arithmetic of the CMS seal.
$(B)/conformance/sig_driver: $(call lib,seal iface)

# CORPUS names the folder of public test data, which is not part of this tree.
conformance: conformance-programs fuzz-replay unit all mocks
	CORPUS="$${CORPUS:?name the corpus folder}" B=$(abspath $(B)) \
		prove -e sh $(wildcard t/conformance/*.sh)
