//go:build cgo

#include "native.h"
#include "_cgo_export.h"

#include <stdlib.h>
#include <string.h>

// Numbers of the specification.
enum {
	typeApplication = 0, typeInstance = 1, typeQueue = 2, typeDevice = 3, typeSubmit = 4, typeStage = 18,
	typeComputePipeline = 29, typePipelineLayout = 30, typeSetLayout = 32, typeSetPool = 33, typeWriteSet = 35, typeBegin = 42,
	typeMemoryBarrier = 46, typeProperties2 = 1000059001, typeSubgroup = 1000094000, typeObjectName = 1000128000,
	typeMessenger = 1000128004, typeMaintenance3 = 1000168000, typeDriver = 1000196000,
	typeFloatControls = 1000197000, typeValidationFeatures = 1000247000,

	storageBuffer = 7, computeShader = 0x20, computePoint = 1, simultaneousUse = 4,
	accessShaderRead = 0x20, accessShaderWrite = 0x40, accessTransferRead = 0x800, accessTransferWrite = 0x1000, accessHostRead = 0x2000,
	stageCompute = 0x800, stageTransfer = 0x1000, stageBottom = 0x2000, stageHost = 0x4000,
};

#define FIND(target, object, name) (*(HxFunction *)&(target) = lookup((object), (name)))

uint32_t hxInstanceVersion(HxLookup lookup) {
	HxResult(HX_CALL *enumerate)(uint32_t *);
	uint32_t version = 1u << 22;
	if (FIND(enumerate, NULL, "vkEnumerateInstanceVersion")) enumerate(&version);
	return version;
}

HxResult hxInstanceExtensions(HxLookup lookup, const char *layer, uint32_t *count, void *properties) {
	HxResult(HX_CALL *enumerate)(const char *, uint32_t *, void *);
	FIND(enumerate, NULL, "vkEnumerateInstanceExtensionProperties");
	return enumerate(layer, count, properties);
}

HxResult hxInstanceLayers(HxLookup lookup, uint32_t *count, void *properties) {
	HxResult(HX_CALL *enumerate)(uint32_t *, void *);
	FIND(enumerate, NULL, "vkEnumerateInstanceLayerProperties");
	return enumerate(count, properties);
}

HxResult hxCreateInstance(HxLookup lookup, uint32_t version, const char **layers, uint32_t layerCount,
	const char **extensions, uint32_t extensionCount, uint32_t portability, uint32_t synchronization, HxObject *instance) {
	HxResult(HX_CALL *create)(const void *, const void *, HxObject *);
	FIND(create, NULL, "vkCreateInstance");
	struct {
		uint32_t type; const void *next; const char *name; uint32_t version; const char *engine; uint32_t engineVersion, api;
	} application = {typeApplication, NULL, "hxgpu", 1, "hxgpu", 1, version};
	const uint32_t enabled[] = {4}; // synchronisation validation
	struct {
		uint32_t type; const void *next; uint32_t enabledCount; const uint32_t *enabled; uint32_t disabledCount; const uint32_t *disabled;
	} features = {typeValidationFeatures, NULL, 1, enabled, 0, NULL};
	struct {
		uint32_t type; const void *next; uint32_t flags; const void *application;
		uint32_t layerCount; const char **layers; uint32_t extensionCount; const char **extensions;
	} info = {typeInstance, synchronization ? &features : NULL, portability ? 1 : 0, &application, layerCount, layers, extensionCount, extensions};
	return create(&info, NULL, instance);
}

struct message {
	uint32_t type; const void *next; uint32_t flags; const char *idName; int32_t id; const char *text;
};

static uint32_t HX_CALL onMessage(uint32_t severity, uint32_t types, const struct message *message, void *user) {
	(void)severity, (void)types;
	hxgpuVulkanMessage((uintptr_t)user, (char *)message->text);
	return 0;
}

HxResult hxCreateMessenger(HxLookup lookup, HxObject instance, uintptr_t user, HxHandle *messenger) {
	HxResult(HX_CALL *create)(HxObject, const void *, const void *, HxHandle *);
	if (!FIND(create, instance, "vkCreateDebugUtilsMessengerEXT")) return -7;
	struct {
		uint32_t type; const void *next; uint32_t flags, severities, types;
		uint32_t(HX_CALL *call)(uint32_t, uint32_t, const struct message *, void *); void *user;
	} info = {typeMessenger, NULL, 0, 0x1100 /* warnings, errors */, 6 /* validation, performance */, onMessage, (void *)user};
	return create(instance, &info, NULL, messenger);
}

void hxDestroyMessenger(HxLookup lookup, HxObject instance, HxHandle messenger) {
	void(HX_CALL *destroy)(HxObject, HxHandle, const void *);
	if (FIND(destroy, instance, "vkDestroyDebugUtilsMessengerEXT")) destroy(instance, messenger, NULL);
}

HxResult hxDeviceExtensions(HxLookup lookup, HxObject instance, HxObject adapter, uint32_t *count, void *properties) {
	HxResult(HX_CALL *enumerate)(HxObject, const char *, uint32_t *, void *);
	FIND(enumerate, instance, "vkEnumerateDeviceExtensionProperties");
	return enumerate(adapter, NULL, count, properties);
}

void hxQueueFamilies(HxLookup lookup, HxObject instance, HxObject adapter, uint32_t *count, void *properties) {
	void(HX_CALL *get)(HxObject, uint32_t *, void *);
	FIND(get, instance, "vkGetPhysicalDeviceQueueFamilyProperties");
	get(adapter, count, properties);
}

void hxDetails(HxLookup lookup, HxObject instance, HxObject adapter, uint32_t core11, uint32_t floatControls, uint32_t driver, HxDetails *details) {
	void(HX_CALL *get)(HxObject, void *);
	memset(details, 0, sizeof *details);
	if (!FIND(get, instance, "vkGetPhysicalDeviceProperties2") && !FIND(get, instance, "vkGetPhysicalDeviceProperties2KHR")) return;
	struct { uint32_t type; void *next; uint32_t size, stages, operations, quad; } subgroup = {typeSubgroup};
	struct { uint32_t type; void *next; uint32_t perSet; uint64_t allocation; } maintenance = {typeMaintenance3};
	struct {
		uint32_t type; void *next; uint32_t denormals, roundings;
		uint32_t preserve16, preserve32, preserve64, others[12];
	} controls = {typeFloatControls};
	struct { uint32_t type; void *next; uint32_t id; char name[256], info[256]; uint8_t conformance[4]; } driverProperties = {typeDriver};
	struct { uint32_t type; void *next; uint64_t properties[256]; } properties = {typeProperties2};
	void **end = &properties.next;
	if (core11) *end = &subgroup, end = &subgroup.next, *end = &maintenance, end = &maintenance.next;
	if (floatControls) *end = &controls, end = &controls.next;
	if (driver) *end = &driverProperties;
	get(adapter, &properties);
	details->subgroup = subgroup.size;
	details->maxAllocation = maintenance.allocation;
	details->preserve32 = controls.preserve32;
	details->preserve64 = controls.preserve64;
	memcpy(details->driverName, driverProperties.name, sizeof details->driverName - 1);
	memcpy(details->driverInfo, driverProperties.info, sizeof details->driverInfo - 1);
}

HxResult hxCreateDevice(HxLookup lookup, HxObject instance, HxObject adapter, uint32_t family,
	const char **extensions, uint32_t extensionCount, uint32_t robust, uint32_t float64, HxObject *device) {
	const uint32_t features[55] = {[0] = robust, [39] = float64}; // robustBufferAccess, shaderFloat64
	HxResult(HX_CALL *create)(HxObject, const void *, const void *, HxObject *);
	FIND(create, instance, "vkCreateDevice");
	const float priority = 1;
	struct {
		uint32_t type; const void *next; uint32_t flags, family, count; const float *priorities;
	} queue = {typeQueue, NULL, 0, family, 1, &priority};
	struct {
		uint32_t type; const void *next; uint32_t flags, queueCount; const void *queues; uint32_t layerCount; const char **layers;
		uint32_t extensionCount; const char **extensions; const uint32_t *features;
	} info = {typeDevice, NULL, 0, 1, &queue, 0, NULL, extensionCount, extensions, features};
	return create(adapter, &info, NULL, device);
}

int hxLoadTable(HxLookup lookup, HxObject instance, HxObject device, uint32_t names, HxTable *t) {
	HxLookup get;
	if (!FIND(get, instance, "vkGetDeviceProcAddr")) return 0;
	lookup = get;
	int all = 1;
#define LOAD(field, name) all &= FIND(t->field, device, name) != NULL
	LOAD(createDescriptorSetLayout, "vkCreateDescriptorSetLayout");
	LOAD(createDescriptorPool, "vkCreateDescriptorPool");
	LOAD(createPipelineLayout, "vkCreatePipelineLayout");
	LOAD(createComputePipelines, "vkCreateComputePipelines");
	LOAD(updateDescriptorSets, "vkUpdateDescriptorSets");
	LOAD(queueSubmit, "vkQueueSubmit");
	LOAD(waitForFences, "vkWaitForFences");
	LOAD(resetFences, "vkResetFences");
	LOAD(beginCommandBuffer, "vkBeginCommandBuffer");
	LOAD(endCommandBuffer, "vkEndCommandBuffer");
	LOAD(cmdPipelineBarrier, "vkCmdPipelineBarrier");
	LOAD(cmdCopyBuffer, "vkCmdCopyBuffer");
	LOAD(cmdFillBuffer, "vkCmdFillBuffer");
	LOAD(cmdBindPipeline, "vkCmdBindPipeline");
	LOAD(cmdBindDescriptorSets, "vkCmdBindDescriptorSets");
	LOAD(cmdPushConstants, "vkCmdPushConstants");
	LOAD(cmdDispatch, "vkCmdDispatch");
	LOAD(cmdResetQueryPool, "vkCmdResetQueryPool");
	LOAD(cmdWriteTimestamp, "vkCmdWriteTimestamp");
	if (names) FIND(t->setObjectName, device, "vkSetDebugUtilsObjectNameEXT");
	return all;
}

void hxSetName(const HxTable *t, HxObject device, uint32_t kind, HxHandle object, const char *name) {
	struct { uint32_t type; const void *next; uint32_t kind; HxHandle object; const char *name; } info = {typeObjectName, NULL, kind, object, name};
	if (t->setObjectName) t->setObjectName(device, &info);
}

HxResult hxCreateSetLayout(const HxTable *t, HxObject device, uint32_t bindings, HxHandle *layout) {
	struct binding { uint32_t binding, type, count, stages; const void *samplers; };
	struct binding *list = calloc(bindings ? bindings : 1, sizeof *list);
	if (!list) return -1;
	for (uint32_t i = 0; i < bindings; i++) list[i] = (struct binding){i, storageBuffer, 1, computeShader, NULL};
	struct { uint32_t type; const void *next; uint32_t flags, count; const void *bindings; } info = {typeSetLayout, NULL, 0, bindings, list};
	HxResult result = t->createDescriptorSetLayout(device, &info, NULL, layout);
	free(list);
	return result;
}

HxResult hxCreateSetPool(const HxTable *t, HxObject device, uint32_t sets, uint32_t descriptors, HxHandle *pool) {
	const uint32_t size[] = {storageBuffer, descriptors};
	struct { uint32_t type; const void *next; uint32_t flags, sets, sizeCount; const void *sizes; } info = {typeSetPool, NULL, 0, sets, 1, size};
	return t->createDescriptorPool(device, &info, NULL, pool);
}

HxResult hxCreatePipelineLayout(const HxTable *t, HxObject device, HxHandle set, uint32_t pushBytes, HxHandle *layout) {
	const uint32_t push[] = {computeShader, 0, pushBytes};
	struct {
		uint32_t type; const void *next; uint32_t flags, setCount; const HxHandle *sets; uint32_t pushCount; const void *push;
	} info = {typePipelineLayout, NULL, 0, 1, &set, 1, push};
	return t->createPipelineLayout(device, &info, NULL, layout);
}

HxResult hxCreatePipeline(const HxTable *t, HxObject device, HxHandle cache, HxHandle layout, HxHandle module,
	const HxSpecialization *values, uint32_t count, HxHandle *pipeline) {
	struct entry { uint32_t id, offset; size_t size; };
	struct entry *map = calloc(count ? count : 1, sizeof *map);
	if (!map) return -1;
	for (uint32_t i = 0; i < count; i++) map[i] = (struct entry){values[i].id, i * sizeof *values + offsetof(HxSpecialization, value), 4};
	struct { uint32_t count; const void *map; size_t size; const void *data; } special = {count, map, count * sizeof *values, values};
	struct {
		uint32_t type; const void *next; uint32_t flags;
		struct { uint32_t type; const void *next; uint32_t flags, stage; HxHandle module; const char *name; const void *special; } stage;
		HxHandle layout, base; int32_t baseIndex;
	} info = {typeComputePipeline, NULL, 0, {typeStage, NULL, 0, computeShader, module, "main", &special}, layout, 0, -1};
	HxResult result = t->createComputePipelines(device, cache, 1, &info, NULL, pipeline);
	free(map);
	return result;
}

void hxUpdateDescriptors(const HxTable *t, HxObject device, const HxDescriptor *descriptors, uint32_t count) {
	for (uint32_t i = 0; i < count; i++) {
		const HxDescriptor *d = &descriptors[i];
		struct { HxHandle buffer; uint64_t offset, range; } range = {d->buffer, d->offset, d->range};
		struct {
			uint32_t type; const void *next; HxHandle set; uint32_t binding, element, count, kind; const void *images, *buffers, *texels;
		} write = {typeWriteSet, NULL, d->set, d->binding, 0, 1, storageBuffer, NULL, &range, NULL};
		t->updateDescriptorSets(device, 1, &write, 0, NULL);
	}
}

static void barrier(const HxTable *t, HxObject commands, uint32_t fromStages, uint32_t fromAccess, uint32_t toStages, uint32_t toAccess) {
	struct { uint32_t type; const void *next; uint32_t from, to; } memory = {typeMemoryBarrier, NULL, fromAccess, toAccess};
	t->cmdPipelineBarrier(commands, fromStages, toStages, 0, 1, &memory, 0, NULL, 0, NULL);
}

static HxResult begin(const HxTable *t, HxObject commands, uint32_t flags) {
	struct { uint32_t type; const void *next; uint32_t flags; const void *inheritance; } info = {typeBegin, NULL, flags, NULL};
	return t->beginCommandBuffer(commands, &info);
}

HxResult hxRecordSteps(const HxTable *t, HxObject commands, const HxStep *steps, uint32_t count, HxHandle queries, uint32_t firstQuery) {
	HxResult result = begin(t, commands, simultaneousUse);
	if (result < 0) return result;
	if (queries) t->cmdResetQueryPool(commands, queries, firstQuery, count + 1);
	barrier(t, commands, stageCompute | stageTransfer, accessShaderWrite | accessTransferWrite, stageCompute, accessShaderRead | accessShaderWrite);
	if (queries) t->cmdWriteTimestamp(commands, stageBottom, queries, firstQuery);
	HxHandle pipeline = 0, set = 0, layout = 0;
	for (uint32_t i = 0; i < count; i++) {
		const HxStep *s = &steps[i];
		if (s->barrier) barrier(t, commands, stageCompute, accessShaderWrite, stageCompute, accessShaderRead | accessShaderWrite);
		if (s->pipeline != pipeline) t->cmdBindPipeline(commands, computePoint, s->pipeline);
		if (s->set && (s->set != set || s->layout != layout)) t->cmdBindDescriptorSets(commands, computePoint, s->layout, 0, 1, &s->set, 0, NULL);
		pipeline = s->pipeline, set = s->set, layout = s->layout;
		const uint32_t push[] = {s->first, s->count};
		t->cmdPushConstants(commands, s->layout, computeShader, 0, sizeof push, push);
		t->cmdDispatch(commands, s->x, s->y, 1);
		if (queries) t->cmdWriteTimestamp(commands, stageBottom, queries, firstQuery + i + 1);
	}
	return t->endCommandBuffer(commands);
}

static HxResult beginTransfer(const HxTable *t, HxObject commands) {
	HxResult result = begin(t, commands, 1 /* submitted once */);
	if (result < 0) return result;
	barrier(t, commands, stageCompute | stageTransfer, accessShaderWrite | accessTransferWrite, stageTransfer, accessTransferRead | accessTransferWrite);
	return result;
}

HxResult hxRecordCopy(const HxTable *t, HxObject commands, HxHandle from, uint64_t fromOffset, HxHandle to, uint64_t toOffset, uint64_t size) {
	HxResult result = beginTransfer(t, commands);
	if (result < 0) return result;
	const uint64_t region[] = {fromOffset, toOffset, size};
	t->cmdCopyBuffer(commands, from, to, 1, region);
	barrier(t, commands, stageTransfer, accessTransferWrite, stageHost, accessHostRead);
	return t->endCommandBuffer(commands);
}

HxResult hxRecordZero(const HxTable *t, HxObject commands, HxHandle buffer, uint64_t offset, uint64_t size) {
	HxResult result = beginTransfer(t, commands);
	if (result < 0) return result;
	t->cmdFillBuffer(commands, buffer, offset, size, 0);
	return t->endCommandBuffer(commands);
}

HxResult hxSubmit(const HxTable *t, HxObject queue, const HxObject *commands, uint32_t count, HxHandle fence) {
	struct {
		uint32_t type; const void *next; uint32_t waitCount; const void *waits, *stages;
		uint32_t count; const HxObject *commands; uint32_t signalCount; const void *signals;
	} info = {typeSubmit, NULL, 0, NULL, NULL, count, commands, 0, NULL};
	return t->queueSubmit(queue, 1, &info, fence);
}

HxResult hxWait(const HxTable *t, HxObject device, HxHandle fence) {
	HxResult result = t->waitForFences(device, 1, &fence, 1, UINT64_MAX);
	return result < 0 ? result : t->resetFences(device, 1, &fence);
}
