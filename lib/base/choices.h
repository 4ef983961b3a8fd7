/* Choices: an enum and the words that options have for it, from one list. A list names each
 * enumerator beside its word:
 *
 *     #define CNN_FILLS(FIRST, NEXT) FIRST(CNN_FILL_BLACK, "black") NEXT(CNN_FILL_GREY, "grey")
 *     enum cnn_fill { CNN_CHOICE_NAMES(CNN_FILLS) };
 *
 * and an option that fills an enum cnn_fill is CNN_OPTION_CHOICE(..., CNN_FILLS, ...). What else a
 * list has to say of each stands behind the word. */
#ifndef CNN_BASE_CHOICES_H
#define CNN_BASE_CHOICES_H

/* The enumerators, for the enum: CNN_FILL_BLACK, CNN_FILL_GREY. */
#define CNN_CHOICE_NAMES(list) list(CNN_CHOICE_NAME, CNN_CHOICE_NEXT_NAME)
/* The words as one text, "black|grey". */
#define CNN_CHOICE_WORDS(list) list(CNN_CHOICE_WORD, CNN_CHOICE_NEXT_WORD)
/* The words one by one, for an array of texts: "black", "grey". */
#define CNN_CHOICE_TEXTS(list) list(CNN_CHOICE_WORD, CNN_CHOICE_NEXT_TEXT)

/* How many there are, as a constant. */
#define CNN_CHOICE_COUNT(list) (list(CNN_CHOICE_ONE, CNN_CHOICE_NEXT_ONE))

#define CNN_CHOICE_NAME(name, ...)      name
#define CNN_CHOICE_NEXT_NAME(name, ...) , name
#define CNN_CHOICE_WORD(...)            CNN_CHOICE_SECOND(__VA_ARGS__, )
#define CNN_CHOICE_NEXT_WORD(...)       "|" CNN_CHOICE_SECOND(__VA_ARGS__, )
#define CNN_CHOICE_NEXT_TEXT(...)       , CNN_CHOICE_SECOND(__VA_ARGS__, )
#define CNN_CHOICE_ONE(...)             1
#define CNN_CHOICE_NEXT_ONE(...)        +1

#define CNN_CHOICE_SECOND(name, word, ...) word

#endif
